// A file in a conversation: its name, and what it shows where it is an image.

import { useEffect, useState } from "preact/hooks";
import type { FileShown } from "../log/rows.js";
import { FileLine } from "./FileLine.js";
import { useSpeech } from "./speech.js";

/** What browsers show as images and what can hold no script. */
const IMAGES: readonly string[] = ["image/png", "image/jpeg", "image/gif", "image/webp"];
/** Larger ones are fetched only to be saved. */
const IMAGE_BYTES_MAX = 5_000_000;

/** Fetches a file's bytes; rejects when nobody gives them. */
export type LoadFile = (file: FileShown) => Promise<Blob>;

/** A file, seen and saved. */
export function FileShownInChat(props: { file: FileShown; load: LoadFile; onSave: (file: FileShown) => void }) {
  const { file, load, onSave } = props;
  return (
    <>
      {IMAGES.includes(file.type) && file.bytes <= IMAGE_BYTES_MAX ? <FileImage file={file} load={load} /> : null}
      <FileLine file={file} onSave={onSave} />
    </>
  );
}

/** An image, in a place that is kept free for it. */
function FileImage({ file, load }: { file: FileShown; load: LoadFile }) {
  const { say } = useSpeech();
  const [url, setUrl] = useState("");
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    let gone = false;
    let made = "";
    load(file).then(
      (bytes) => {
        if (gone) return;
        // Of the type that the server found it to be.
        made = URL.createObjectURL(new Blob([bytes], { type: file.type }));
        setUrl(made);
      },
      () => setFailed(true),
    );
    return () => {
      gone = true;
      URL.revokeObjectURL(made);
    };
  }, []);
  return (
    <span class="file-image" aria-busy={!url && !failed}>
      {failed ? (
        <span class="hint">{say("fileNotFetched")}</span>
      ) : url ? (
        <img src={url} alt={say("imageOf", { name: file.name })} onError={() => setFailed(true)} />
      ) : null}
    </span>
  );
}
