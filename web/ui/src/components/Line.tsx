// Rows of a conversation that nobody said: what happened, and where a day begins.

import { clock, dayName, fullTime } from "../text/times.js";
import { useSpeech } from "./speech.js";

/** What happened, in the middle; with its time where `timed`. */
export function Line({ text, at, timed = false }: { text: string; at: number; timed?: boolean }) {
  const { language } = useSpeech();
  return (
    <p class="line" title={fullTime(at, language)}>
      <bdi>{text}</bdi>
      {timed ? ` · ${clock(at, language)}` : null}
    </p>
  );
}

/** The day that the rows below are of. */
export function Day({ at, now }: { at: number; now: number }) {
  const { say, language } = useSpeech();
  return <p class="line day">{dayName(at, now, language, say)}</p>;
}
