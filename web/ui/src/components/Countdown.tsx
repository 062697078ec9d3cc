// How long something is still there: as digits, and as a bar that grows shorter.

import { useEffect, useState } from "preact/hooks";
import { countdown } from "../text/times.js";

const TICK_MS = 250;

/**
 * Counts down.
 * @param left tells how long it is still there, in milliseconds
 * @param of how long it takes as a whole, for the bar; without it there is none
 */
export function Countdown({ left, of }: { left: () => number; of?: number }) {
  const [, setTick] = useState(0);
  const ms = Math.max(0, left());
  const over = ms === 0;
  useEffect(() => {
    if (over) return undefined;
    const timer = setInterval(() => setTick((tick) => tick + 1), TICK_MS);
    return () => clearInterval(timer);
  }, [over]);
  return (
    <span class="countdown">
      <span role="timer">{countdown(ms)}</span>
      {of ? (
        <span class="countdown-bar" aria-hidden="true">
          <span style={{ inlineSize: `${Math.min(100, (100 * ms) / of)}%` }} />
        </span>
      ) : null}
    </span>
  );
}
