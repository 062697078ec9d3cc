// A list keeps its order while somebody points at it or moves through it by keyboard: nothing goes away under them.

import type { Signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

/** What a list listens with; `held` is true as long as somebody is in it. */
export function useHold(held: Signal<boolean>) {
  const by = useRef({ pointer: false, keys: false });
  const note = (who: "pointer" | "keys", is: boolean) => {
    by.current[who] = is;
    held.value = by.current.pointer || by.current.keys;
  };
  // Whoever was in it is so no longer when it goes.
  useEffect(() => () => void (held.value = false), []);
  return {
    onPointerEnter: () => note("pointer", true),
    onPointerLeave: () => note("pointer", false),
    // A click leaves the focus behind: who is there by keyboard has it shown.
    onFocusIn: ({ target }: FocusEvent) => note("keys", target instanceof Element && target.matches(":focus-visible")),
    onFocusOut: () => note("keys", false),
  };
}
