// Files of a chat: those that are there, and those on their way.

import { Lost, Refused, type AgentChat } from "@handoff/sdk";
import { Button, FileShownInChat, type FileShown } from "@handoff/ui";
import type { Desk } from "../model/desk.js";
import { Uploads, type Upload } from "../model/uploads.js";
import { fileRefusalText } from "../model/words.js";
import { useDesk } from "./context.js";

/** Saves a file of a chat on the agent's disk. */
export async function saveFile(desk: Desk, chat: AgentChat, id: string, name: string): Promise<void> {
  try {
    const url = URL.createObjectURL(new Blob([await chat.files.download(id)]));
    const link = document.createElement("a");
    link.href = url;
    link.download = name;
    link.click();
    // The browser has begun to save it by then.
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  } catch (error) {
    if (!(error instanceof Refused || error instanceof Lost)) throw error;
    desk.toast.value = desk.say("fileNotFetched");
  }
}

/** A file in a message. */
export function FileInMessage({ chat, file }: { chat: AgentChat; file: FileShown }) {
  const desk = useDesk();
  const load = async ({ id }: FileShown) => new Blob([await chat.files.download(id)]);
  return <FileShownInChat file={file} load={load} onSave={({ id, name }) => void saveFile(desk, chat, id, name)} />;
}

/** Files of a chat that are on their way, or did not arrive. */
export function UploadLines({ chat }: { chat: AgentChat }) {
  const { uploads } = useDesk();
  const all = uploads.all.value.filter((upload) => upload.chat === chat.id);
  return (
    <div class="uploads" role="status">
      {all.map((upload) => (
        <UploadLine key={upload.id} chat={chat} upload={upload} />
      ))}
    </div>
  );
}

function UploadLine({ chat, upload }: { chat: AgentChat; upload: Upload }) {
  const { say, uploads } = useDesk();
  const { state, file, part, reason } = upload;
  const words = { sending: say("fileSending", { name: file.name }), held: say("fileHeld"), failed: "" }[state];
  return (
    <div class={`upload ${state}`}>
      <span class="upload-words">
        {state === "failed" ? say("says", { name: file.name, text: fileRefusalText(reason, say) }) : words}
      </span>
      {state === "sending" ? <progress max={1} value={part} aria-label={file.name} /> : null}
      {Uploads.canRetry(upload) ? (
        <Button look="text" onClick={() => void uploads.again(chat, upload)}>
          {say("sendAgain")}
        </Button>
      ) : null}
      <Button look="text" onClick={() => uploads.dismiss(upload.id)}>
        {state === "sending" ? say("cancel") : say("close")}
      </Button>
    </div>
  );
}
