// What a page keeps in the browser's storage: settings, texts of one's own, which chat is open.

import { effect, signal, type Signal } from "@preact/signals";

/** What of a storage is used. */
export type Storage = Pick<globalThis.Storage, "getItem" | "setItem" | "removeItem">;

/** A storage that forgets with the page, where the browser's own is forbidden. */
export function forgetful(): Storage {
  const kept = new Map<string, string>();
  return {
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, text) => void kept.set(name, text),
    removeItem: (name) => void kept.delete(name),
  };
}

/** A signal that is kept, and what other windows made of it taken in. */
export interface Kept<T> {
  readonly value: Signal<T>;
  /** Reads it anew: another window has changed it. */
  again(): void;
}

/**
 * A signal whose value is kept under a name.
 * @param read makes a value of what was kept; what it throws at counts as nothing kept
 */
export function kept<T>(storage: Storage, name: string, nothing: T, read: (value: unknown) => T): Kept<T> {
  const take = (): T => {
    try {
      const text = storage.getItem(name);
      return text === null ? nothing : read(JSON.parse(text));
    } catch {
      return nothing;
    }
  };
  const value = signal(take());
  let written = JSON.stringify(value.value);
  effect(() => {
    const text = JSON.stringify(value.value);
    if (text === written) return;
    written = text;
    try {
      storage.setItem(name, text);
    } catch {
      // Full or forbidden: it is forgotten with the page.
    }
  });
  const again = () => {
    const now = take();
    written = JSON.stringify(now);
    value.value = now;
  };
  return { value, again };
}

/** An object's fields, whatever they are. */
export type Fields = Readonly<Record<string, unknown>>;

/** The fields of what was kept. Throws where it has none. */
export function fields(value: unknown): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new TypeError("no object");
  return value as Fields;
}

/** A text of what was kept; empty where it is none. */
export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
