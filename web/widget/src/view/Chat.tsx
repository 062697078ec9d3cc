// The chat: its log, what can be said of files, and the composer; after the end what may still be done.

import { useRef } from "preact/hooks";
import {
  AttachButton,
  Button,
  Composer,
  Day,
  FileShownInChat,
  Line,
  Log,
  Message,
  Typing,
  Unsent,
  useFiles,
  useSpeech,
} from "@handoff/ui";
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
  const { model, onSaveFile, load } = useAround();
  const { phase } = useValue(model.state);
  const acts: MessageActs = {
    onEdit: (entry) => model.edit(entry.key, entry.text),
    ...(phase !== "ended" && {
      onSendAgain: (entry: Said) => model.ask({ do: "again", id: entry.key.slice(1) }),
    }),
    onDelete: (entry) => model.ask({ do: "remove", id: entry.key.slice(1) }),
    drawFile: (file) => <FileShownInChat file={file} load={load} onSave={onSaveFile} />,
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
  const { sending, part, held, problem } = useValue(model.state).files;
  const words = held
    ? say("fileHeld")
    : problem
      ? say((FILE_PROBLEMS[problem] ?? "fileFailed") as "fileFailed")
      : sending && say("fileSending", { name: sending });
  return (
    <div class={`note${problem ? " problem" : ""}`} role="status">
      {words}
      {sending ? (
        <>
          <progress value={part} aria-label={sending} />
          <Button look="text" onClick={() => model.ask({ do: "cancel_file" })}>
            {say("cancel")}
          </Button>
        </>
      ) : null}
    </div>
  );
}

function Writing() {
  const { model } = useAround();
  const { say } = useSpeech();
  const field = useRef<HTMLTextAreaElement>(null);
  const { files, bytesMax } = useValue(model.state);
  const { takes } = files;
  const send = (chosen: readonly File[]) => {
    for (const file of chosen) model.ask({ do: "file", file });
  };
  const { over, on } = useFiles(takes ? send : undefined);
  const draft = useValue(model.draft);
  const insert = (text: string) => {
    const place = field.current;
    if (!place) return;
    place.setRangeText(text, place.selectionStart, place.selectionEnd, "end");
    model.type(place.value);
    place.focus();
  };
  return (
    <div class={over ? "drop" : ""} {...on}>
      <Composer
        text={draft}
        onText={(text) => model.type(text)}
        onSend={(text) => model.send(text)}
        label={say("writeMessage")}
        {...(bytesMax === null ? {} : { bytesMax })}
        before={
          <>
            {takes ? <AttachButton onFiles={send} /> : null}
            <EmojiButton onChoose={insert} />
          </>
        }
        fieldRef={field}
      />
    </div>
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
