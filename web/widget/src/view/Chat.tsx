// The chat: its log, what can be said of files, and the composer; after the end what may still be done.

import { useRef } from "preact/hooks";
import { Button, Composer, Day, IconButton, Line, Log, Message, Typing, Unsent, useSpeech } from "@handoff/ui";
import type { Key, MessageActs, Row, Said } from "@handoff/ui";
import { useAround } from "./context.js";
import { EmojiButton } from "./Emoji.js";
import { Rating } from "./Rating.js";
import { useValue } from "./value.js";

/** The codes of files that have words of their own. */
const FILE_PROBLEMS: Readonly<Record<string, Key>> = {
  file_type: "fileType",
  too_large: "fileTooLarge",
  too_many: "fileTooMany",
  infected: "fileInfected",
};

/** The chat that goes on, or has ended. */
export function ChatScreen() {
  const { model, onSaveFile } = useAround();
  const { phase } = useValue(model.state);
  const acts: MessageActs = {
    onEdit: (entry) => model.edit(entry.key, entry.text),
    ...(phase !== "ended" && {
      onSendAgain: (entry: Said) => model.ask({ do: "again", id: entry.key.slice(1) }),
    }),
    onDelete: (entry) => model.ask({ do: "remove", id: entry.key.slice(1) }),
    onSave: onSaveFile,
    onReply: (entry: Said, content) => model.ask({ do: "reply", to: entry.rich?.index ?? 0, content: { ...content } }),
  };
  const rows = useValue(model.rows);
  const typing = useValue(model.typing);
  const draw = (row: Row) => {
    if (row.kind === "day") return <Day at={row.at} now={Date.now()} />;
    if (row.kind === "line") return <Line text={row.entry.text} at={row.entry.at} />;
    return <Message row={row} acts={acts} />;
  };
  return (
    <>
      <Log rows={rows} draw={draw} onAtEnd={(atEnd) => (model.atEnd.value = atEnd)}>
        <Typing names={typing} />
      </Log>
      <FileNote />
      {phase === "ended" ? <Ended /> : <Writing />}
    </>
  );
}

function FileNote() {
  const { model } = useAround();
  const { say } = useSpeech();
  const { sending, held, problem } = useValue(model.state).files;
  const words = sending
    ? say("fileSending", { name: sending })
    : held
      ? say("fileHeld")
      : problem
        ? say((FILE_PROBLEMS[problem] ?? "fileFailed") as "fileFailed")
        : "";
  return (
    <p class={`note${problem ? " problem" : ""}`} role="status">
      {words}
    </p>
  );
}

function Writing() {
  const { model } = useAround();
  const { say } = useSpeech();
  const field = useRef<HTMLTextAreaElement>(null);
  const { files, bytesMax } = useValue(model.state);
  const draft = useValue(model.draft);
  const insert = (text: string) => {
    const at = field.current?.selectionStart ?? draft.length;
    const to = field.current?.selectionEnd ?? at;
    model.type(draft.slice(0, at) + text + draft.slice(to));
    requestAnimationFrame(() => {
      field.current?.focus();
      field.current?.setSelectionRange(at + text.length, at + text.length);
    });
  };
  return (
    <Composer
      text={draft}
      onText={(text) => model.type(text)}
      onSend={(text) => model.send(text)}
      label={say("writeMessage")}
      {...(bytesMax === null ? {} : { bytesMax })}
      before={
        <>
          {files.takes ? <AttachButton busy={files.sending !== ""} /> : null}
          <EmojiButton onChoose={insert} />
        </>
      }
      fieldRef={field}
    />
  );
}

function AttachButton({ busy }: { busy: boolean }) {
  const { model } = useAround();
  const { say } = useSpeech();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <IconButton icon="attach" label={say("attach")} disabled={busy} onClick={() => input.current?.click()} />
      <input
        type="file"
        hidden
        aria-label={say("attach")}
        ref={input}
        onChange={(event) => {
          const [file] = Array.from(event.currentTarget.files ?? []);
          if (file) model.ask({ do: "file", file });
          event.currentTarget.value = "";
        }}
      />
    </>
  );
}

/** After the end: what was said stays, it can be rated and kept, and another chat begun. */
function Ended() {
  const { model, onSaveTranscript } = useAround();
  const { say } = useSpeech();
  const { gone } = useValue(model.state);
  const draft = useValue(model.draft);
  return (
    <div class="ended">
      {gone ? <p>{say("chatGone")}</p> : null}
      <Unsent text={draft} />
      <Rating />
      <div class="acts">
        <Button look="primary" onClick={() => model.again()}>
          {say("writeAgain")}
        </Button>
        {gone ? null : <Button onClick={onSaveTranscript}>{say("saveTranscript")}</Button>}
      </div>
    </div>
  );
}
