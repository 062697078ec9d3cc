// A short word about what was just done; it goes by itself, and nothing is lost with it.

import { useEffect } from "preact/hooks";

const STAYS_MS = 6000;

/** Says `text` for some seconds, then calls `onGone`; an empty text shows nothing. */
export function Toast({ text, onGone }: { text: string; onGone: () => void }) {
  useEffect(() => {
    if (!text) return undefined;
    const timer = setTimeout(onGone, STAYS_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <div role="status" class="toast-place">
      {text ? <p class="toast">{text}</p> : null}
    </div>
  );
}
