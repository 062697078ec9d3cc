// Reading a signal for its changes alone.

import type { ReadonlySignal } from "@preact/signals";

/** Whatever calls this is called anew when the signal changes. */
export function follow(signal: ReadonlySignal<unknown>): unknown {
  return signal.value;
}
