// What a visitor has chosen, and what they have written and not sent: kept, so that neither a reload nor another page of
// the site loses it.

import { effect, signal, type Signal } from "@preact/signals-core";

/** What of a storage is used. */
export type Storage = Pick<globalThis.Storage, "getItem" | "setItem">;

/** A storage that forgets with the page, where the browser's own is forbidden. */
export function forgetful(): Storage {
  const kept = new Map<string, string>();
  return { getItem: (name) => kept.get(name) ?? null, setItem: (name, text) => void kept.set(name, text) };
}

/**
 * A signal whose value is kept under a name.
 * @param read makes a value of what was kept; whatever it throws counts as nothing kept
 */
export function kept<T>(storage: Storage, name: string, nothing: T, read: (value: unknown) => T): Signal<T> {
  const value = signal(nothing);
  try {
    const text = storage.getItem(name);
    if (text !== null) value.value = read(JSON.parse(text));
  } catch {
    // Kept by nobody that is known here.
  }
  effect(() => {
    const text = JSON.stringify(value.value);
    try {
      storage.setItem(name, text);
    } catch {
      // Full or forbidden: it is forgotten with the page.
    }
  });
  return value;
}
