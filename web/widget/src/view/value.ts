// A signal's value in a component, which is drawn anew when that changes.

import type { ReadonlySignal } from "@preact/signals-core";
import { useLayoutEffect, useReducer, useRef } from "preact/hooks";

/** What a signal holds now. */
export function useValue<T>(signal: ReadonlySignal<T>): T {
  const [, again] = useReducer<number, undefined>((count) => count + 1, 0);
  const value = signal.peek();
  const drawn = useRef(value);
  drawn.current = value;
  useLayoutEffect(
    () =>
      signal.subscribe((now) => {
        if (now !== drawn.current) again(undefined);
      }),
    [signal],
  );
  return value;
}
