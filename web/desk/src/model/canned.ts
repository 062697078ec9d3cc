// Texts that are written again and again: a list of one's own, kept in the browser, called by `/` in the composer.

import { computed, type ReadonlySignal } from "@preact/signals";
import { fields, kept, text, type Kept, type Storage } from "./keeping.js";

/** A text with what it is called by. */
export interface Canned {
  readonly id: string;
  /** One word; unique, whatever its case. */
  readonly name: string;
  readonly text: string;
}

/** Where a `/` stands in what was written, and what follows it. */
export interface Slash {
  readonly from: number;
  readonly query: string;
}

const SHOWN_MAX = 8;

/** What may be put into a text: `{name}` is the customer, `{agent}` the agent. */
export type Places = Readonly<Record<"name" | "agent", string>>;

/** An agent's own texts. */
export class CannedTexts {
  readonly #kept: Kept<readonly Canned[]>;
  /** In order of name. */
  readonly all: ReadonlySignal<readonly Canned[]>;

  constructor(storage: Storage) {
    this.#kept = kept(storage, "handoff-desk-texts", [], readAll);
    this.all = computed(() => [...this.#kept.value.value].sort((one, other) => one.name.localeCompare(other.name)));
  }

  /** Another window has changed them. */
  again(): void {
    this.#kept.again();
  }

  /**
   * Adds a text, or changes the one with this id.
   * @returns `taken` where another has the name, `empty` where name or text is missing
   */
  put(wanted: Canned): "done" | "taken" | "empty" {
    const name = wanted.name.replace(/\s+/g, "-").replace(/^\/+/, "");
    const others = this.#kept.value.value.filter(({ id }) => id !== wanted.id);
    if (!name || !wanted.text.trim()) return "empty";
    if (others.some((one) => one.name.toLowerCase() === name.toLowerCase())) return "taken";
    this.#kept.value.value = [...others, { ...wanted, name }];
    return "done";
  }

  /** Takes one away. */
  remove(id: string): void {
    this.#kept.value.value = this.#kept.value.value.filter((one) => one.id !== id);
  }

  /** Those that a query finds: by the beginning of the name first, then anywhere. */
  find(query: string): readonly Canned[] {
    const wanted = query.toLowerCase();
    const begins = this.all.value.filter(({ name }) => name.toLowerCase().startsWith(wanted));
    const holds = this.all.value.filter(
      (one) => !begins.includes(one) && `${one.name} ${one.text}`.toLowerCase().includes(wanted),
    );
    return [...begins, ...holds].slice(0, SHOWN_MAX);
  }
}

/** The `/` before the caret that begins a word; null: there is none. */
export function slashAt(written: string, caret: number): Slash | null {
  const match = /(?:^|\s)\/(\S*)$/.exec(written.slice(0, caret));
  const query = match?.[1];
  return query === undefined ? null : { from: caret - query.length - 1, query };
}

/** What was written with a text in place of its `/`, and where the caret is then. */
export function insert(written: string, slash: Slash, put: string): { readonly text: string; readonly caret: number } {
  const before = written.slice(0, slash.from);
  const after = written.slice(slash.from + 1 + slash.query.length);
  return { text: before + put + after, caret: before.length + put.length };
}

/** A text with its places filled in; what is no place stays as it is. */
export function filled(canned: string, places: Places): string {
  return canned.replace(/\{(name|agent)\}/g, (_whole, place: keyof Places) => places[place]);
}

function readAll(value: unknown): readonly Canned[] {
  if (!Array.isArray(value)) return [];
  return value
    .map(fields)
    .map((one) => ({ id: text(one["id"]), name: text(one["name"]), text: text(one["text"]) }))
    .filter((one) => one.id && one.name && one.text);
}
