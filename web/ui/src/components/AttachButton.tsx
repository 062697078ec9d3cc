// A button that lets one choose files, or take a picture where the device has a camera.

import { useRef } from "preact/hooks";
import { IconButton } from "./Button.js";
import { useSpeech } from "./speech.js";

/** Calls `onFiles` with one file at least. */
export function AttachButton({ onFiles }: { onFiles: (files: readonly File[]) => void }) {
  const { say } = useSpeech();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <IconButton icon="attach" label={say("attach")} onClick={() => input.current?.click()} />
      <input
        type="file"
        multiple
        hidden
        aria-label={say("attach")}
        ref={input}
        onChange={({ currentTarget }) => {
          const files = Array.from(currentTarget.files ?? []);
          currentTarget.value = "";
          if (files.length > 0) onFiles(files);
        }}
      />
    </>
  );
}
