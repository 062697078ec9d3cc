// What somebody had written when their chat ended: it goes nowhere by itself, and stays to be copied.

import { useId } from "preact/hooks";
import { useSpeech } from "./speech.js";

/** A text that was not sent; nothing where there is none. */
export function Unsent({ text }: { text: string }) {
  const { say } = useSpeech();
  const id = useId();
  if (!text.trim()) return null;
  return (
    <div class="field unsent">
      <label for={id}>{say("unsent")}</label>
      <textarea id={id} rows={2} dir="auto" readOnly value={text} />
    </div>
  );
}
