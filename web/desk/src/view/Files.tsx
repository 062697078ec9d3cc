// Files of a chat: those that are there, images as such, and those on their way.

import { useEffect, useRef, useState } from "preact/hooks";
import { Lost, Refused, type AgentChat } from "@handoff/sdk";
import { Button, FileLine, type FileShown } from "@handoff/ui";
import type { Desk } from "../model/desk.js";
import { Uploads, type Upload } from "../model/uploads.js";
import { fileRefusalText } from "../model/words.js";
import { useDesk } from "./context.js";

/** What browsers show as images and what can hold no script. */
const IMAGES: readonly string[] = ["image/png", "image/jpeg", "image/gif", "image/webp"];
/** Larger ones are fetched only to be saved. */
const PREVIEW_BYTES_MAX = 5_000_000;

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

/** A file in a message: its name, and what it shows where it is an image. */
export function FileShownInChat({ chat, file }: { chat: AgentChat; file: FileShown }) {
  const desk = useDesk();
  const type = desk.conversation(chat).mediaTypes.get(file.id) ?? "";
  const image = IMAGES.includes(type) && file.bytes <= PREVIEW_BYTES_MAX;
  return (
    <>
      {image ? <Preview chat={chat} file={file} type={type} /> : null}
      <FileLine file={file} onSave={() => void saveFile(desk, chat, file.id, file.name)} />
    </>
  );
}

/** An image, in a place that is kept free for it. */
function Preview({ chat, file, type }: { chat: AgentChat; file: FileShown; type: string }) {
  const desk = useDesk();
  const [url, setUrl] = useState("");
  const [failed, setFailed] = useState(false);
  const made = useRef("");
  useEffect(() => {
    if (failed) return undefined;
    let gone = false;
    chat.files.download(file.id).then(
      (bytes) => {
        if (gone) return;
        made.current = URL.createObjectURL(new Blob([bytes], { type }));
        setUrl(made.current);
      },
      () => setFailed(true),
    );
    return () => {
      gone = true;
      URL.revokeObjectURL(made.current);
    };
  }, [failed]);
  return (
    <span class="preview-image" aria-busy={!url && !failed}>
      {url ? <img src={url} alt={desk.say("imageOf", { name: file.name })} /> : null}
      {failed ? (
        <span class="hint">
          {desk.say("fileNotFetched")}{" "}
          <Button look="text" onClick={() => setFailed(false)}>
            {desk.say("tryAgain")}
          </Button>
        </span>
      ) : null}
    </span>
  );
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
