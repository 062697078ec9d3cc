// What a customer is told of a connection that is away: nothing for some seconds, then that it comes back, at last that
// it does not.

import { effect, signal, type ReadonlySignal } from "@preact/signals-core";
import type { Connection } from "../chat/state.js";

/** A connection that is back before this was never away, as far as people can see. */
const QUIET_MS = 3000;
const LONG_MS = 60_000;

/** `well`, `away` after some seconds, `lost` after a minute. */
export type Away = "well" | "away" | "lost";

/**
 * Watches a connection.
 * @returns how it is to be told, and what ends the watching
 */
export function watchConnection(connection: ReadonlySignal<Connection>): {
  away: ReadonlySignal<Away>;
  stop: () => void;
} {
  const away = signal<Away>("well");
  let timers: ReturnType<typeof setTimeout>[] = [];
  const still = () => {
    for (const timer of timers) clearTimeout(timer);
    timers = [];
  };
  const stop = effect(() => {
    const well = connection.value === "open" || connection.value === "closed";
    if (well) {
      still();
      away.value = "well";
    } else if (timers.length === 0) {
      timers = [setTimeout(() => (away.value = "away"), QUIET_MS), setTimeout(() => (away.value = "lost"), LONG_MS)];
    }
  });
  return {
    away,
    stop: () => {
      still();
      stop();
    },
  };
}
