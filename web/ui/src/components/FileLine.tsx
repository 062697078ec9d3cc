// A file that somebody sent: its name, its size, and a click that saves it.

import { fileSize } from "../text/times.js";
import type { FileShown } from "../log/rows.js";
import { Icon } from "./icons.js";
import { useSpeech } from "./speech.js";

/** A file in a message. */
export function FileLine({ file, onSave }: { file: FileShown; onSave: (file: FileShown) => void }) {
  const { say, language } = useSpeech();
  return (
    <button type="button" class="file" title={say("saveFile", { name: file.name })} onClick={() => onSave(file)}>
      <Icon name="file" />
      <bdi class="file-name">{file.name}</bdi>
      <small>{fileSize(file.bytes, language)}</small>
    </button>
  );
}
