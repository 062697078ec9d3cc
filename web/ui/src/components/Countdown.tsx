// How long something is still there: as digits, and as a bar that grows shorter.

import { useEffect, useState } from "preact/hooks";
import { countdown } from "../text/times.js";

const TICK_MS = 250;

/**
 * Counts down to a moment of this browser's clock.
 * @param of how long it takes as a whole, for the bar; without it there is none
 */
export function Countdown({ until, of }: { until: number; of?: number }) {
  const [now, setNow] = useState(Date.now);
  const over = now >= until;
  useEffect(() => {
    if (over) return undefined;
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, [over, until]);
  const left = Math.max(0, until - now);
  return (
    <span class="countdown">
      <span role="timer">{countdown(left)}</span>
      {of ? (
        <span class="countdown-bar" aria-hidden="true">
          <span style={{ inlineSize: `${Math.min(100, (100 * left) / of)}%` }} />
        </span>
      ) : null}
    </span>
  );
}
