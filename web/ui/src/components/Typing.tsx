// Who is typing. Its place is always there, so that nothing jumps when it comes and goes.

import { useSpeech } from "./speech.js";

/** The names of those who type now; with `preview`, what the first of them has typed so far. */
export function Typing({ names, preview = "" }: { names: readonly string[]; preview?: string }) {
  const { say, language } = useSpeech();
  return (
    <p class="typing">
      {names.length === 0 ? null : names.length === 1 ? (
        <span>{say("typingOne", { name: names[0] ?? "" })}</span>
      ) : (
        <span>{say("typingMany", { names: list(names, language) })}</span>
      )}
      {names.length > 0 && preview ? (
        <span class="preview" dir="auto">
          {preview}
        </span>
      ) : null}
    </p>
  );
}

function list(names: readonly string[], language: string): string {
  return "ListFormat" in Intl ? new Intl.ListFormat(language).format(names) : names.join(", ");
}
