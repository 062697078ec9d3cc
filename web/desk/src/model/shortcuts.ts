// Keys for what is done all day. A single key works where nobody writes; with Alt it works everywhere. None works while an
// input method composes.

/** What a key does. */
export type Act =
  | "oldest"
  | "accept"
  | "decline"
  | "next"
  | "previous"
  | "write"
  | "mode"
  | "end"
  | "status"
  | "details"
  | "search"
  | "help";

/** A key and what it does. */
export interface Shortcut {
  readonly act: Act;
  /** The key where nobody writes, as its event names it; upper case where it is a letter. */
  readonly key: string;
  /** The key's place, which works with Alt everywhere; empty: there is none. */
  readonly code: string;
}

/** All of them, in the order they are listed in. */
export const SHORTCUTS: readonly Shortcut[] = [
  { act: "oldest", key: "J", code: "KeyJ" },
  { act: "accept", key: "A", code: "KeyA" },
  { act: "decline", key: "D", code: "KeyD" },
  { act: "next", key: "N", code: "ArrowDown" },
  { act: "previous", key: "P", code: "ArrowUp" },
  { act: "write", key: "R", code: "KeyR" },
  { act: "mode", key: "O", code: "KeyO" },
  { act: "end", key: "E", code: "KeyE" },
  { act: "status", key: "S", code: "KeyS" },
  { act: "details", key: "I", code: "KeyI" },
  { act: "help", key: "?", code: "" },
];

/** What of a key's event is looked at. */
export interface Pressed {
  readonly key: string;
  readonly code: string;
  readonly altKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  /** An input method composes. */
  readonly composing: boolean;
  /** Somebody writes: the focus is in a field. */
  readonly writing: boolean;
}

/**
 * What a key does now; null: nothing.
 * @param on whether the agent wants keys at all
 */
export function actOf(pressed: Pressed, on: boolean): Act | null {
  if (!on || pressed.composing) return null;
  const { key, code, altKey, ctrlKey, metaKey, writing } = pressed;
  if ((ctrlKey || metaKey) && !altKey) return key.toLowerCase() === "k" ? "search" : null;
  if (ctrlKey || metaKey) return null;
  if (altKey) return SHORTCUTS.find((shortcut) => shortcut.code !== "" && shortcut.code === code)?.act ?? null;
  if (writing) return null;
  const wanted = key.length === 1 ? key.toUpperCase() : key;
  return SHORTCUTS.find((shortcut) => shortcut.key === wanted)?.act ?? null;
}
