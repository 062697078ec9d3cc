// What somebody who waits is told: how many are before them, and about how long it takes.

import type { Say } from "@handoff/ui";
import type { Place } from "../chat/state.js";

const MINUTE_S = 60;
/** Who waits less than this is answered right away. */
const SOON_S = 30;

function minutes(seconds: number): number {
  return Math.max(1, Math.round(seconds / MINUTE_S));
}

/** `You are next. About 1 minute.` */
export function placeWords({ place, waitS }: Place, say: Say): string {
  const before = place <= 1 ? say("youAreNext") : say("beforeYou", { n: place - 1 });
  return waitS === null ? before : `${before} ${say("waitAbout", { n: minutes(waitS) })}`;
}

/** What the header says before a chat: `We answer in about 2 minutes`; empty when nothing is known. */
export function waitWords(waitS: number | null, say: Say): string {
  if (waitS === null) return "";
  return waitS < SOON_S ? say("answerSoon") : say("answerIn", { n: minutes(waitS) });
}
