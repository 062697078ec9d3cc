// What an agent notes of a contact. The server keeps no notes: these are on this computer alone, and say so.

import { fields, kept, text, type Kept, type Storage } from "./keeping.js";

/** A note of a contact. */
export interface Note {
  readonly id: string;
  readonly contact: string;
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** No more are kept; the oldest goes. */
const NOTES_MAX = 500;

/** Notes of one agent. */
export class Notes {
  readonly #kept: Kept<readonly Note[]>;

  /** @param agent whose notes they are */
  constructor(storage: Storage, agent: string) {
    this.#kept = kept<readonly Note[]>(storage, `handoff-desk-notes ${agent}`, [], readNotes);
  }

  /** Another window has changed them. */
  again(): void {
    this.#kept.again();
  }

  /** Those of a contact, newest first. */
  of(contact: string): readonly Note[] {
    return this.#kept.value.value.filter((note) => note.contact === contact).reverse();
  }

  /** Adds one; a blank one is none. */
  add(contact: string, written: string, id: string): boolean {
    if (!written.trim()) return false;
    const note = { id, contact, text: written.trim(), at: Date.now() };
    this.#kept.value.value = [...this.#kept.value.value, note].slice(-NOTES_MAX);
    return true;
  }

  /** Takes one away. */
  remove(id: string): void {
    this.#kept.value.value = this.#kept.value.value.filter((note) => note.id !== id);
  }
}

function readNotes(value: unknown): readonly Note[] {
  if (!Array.isArray(value)) return [];
  return value.map(fields).map((one) => ({
    id: text(one["id"]),
    contact: text(one["contact"]),
    text: text(one["text"]),
    at: Number(one["at"]) || 0,
  }));
}
