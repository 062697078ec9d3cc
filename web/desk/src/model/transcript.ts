// An earlier chat of a contact, which comes page by page.

import { signal, type ReadonlySignal } from "@preact/signals";
import { shownName, type Entry } from "@handoff/ui";
import type { Say } from "../words/say.js";
import { fields, text, type Fields } from "./keeping.js";

/** A page as the server sends it. */
export interface Page {
  readonly record: Fields;
  readonly next: number | null;
}

/** How far it is read. */
export type Reading = "loading" | "more" | "whole" | "failed";

const SAID: readonly string[] = ["message", "rich", "richReply", "pushedUrl"];

/** The visibilities that customers are no part of. */
const INTERNAL: readonly string[] = ["INT", "VIP"];

/** An earlier chat that is read. */
export class Transcript {
  readonly #entries = signal<readonly Entry[]>([]);
  readonly #reading = signal<Reading>("loading");
  readonly #people = new Map<number, Fields>();
  readonly #fetch: (from: number | undefined) => Promise<Page>;
  readonly #say: Say;
  #from: number | undefined;

  /** @param fetch fetches a page; rejects where that fails */
  constructor(fetch: (from: number | undefined) => Promise<Page>, say: Say) {
    this.#fetch = fetch;
    this.#say = say;
    void this.#page();
  }

  /** What was said in the pages so far. */
  get entries(): ReadonlySignal<readonly Entry[]> {
    return this.#entries;
  }

  get reading(): ReadonlySignal<Reading> {
    return this.#reading;
  }

  /** Fetches the next page, or once more the one that failed. */
  async more(): Promise<void> {
    if (this.#reading.value === "loading" || this.#reading.value === "whole") return;
    this.#reading.value = "loading";
    await this.#page();
  }

  async #page(): Promise<void> {
    try {
      const { record, next } = await this.#fetch(this.#from);
      this.#entries.value = [...this.#entries.value, ...this.#read(record)];
      this.#from = next ?? undefined;
      this.#reading.value = next === null ? "whole" : "more";
    } catch {
      this.#reading.value = "failed";
    }
  }

  #read(record: Fields): Entry[] {
    for (const person of list(record["participants"])) this.#people.set(Number(person["number"]), person);
    return list(record["events"])
      .map((event) => this.#entry(event))
      .filter((entry) => entry !== null);
  }

  #entry(event: Fields): Entry | null {
    const by = Number(event["by"]);
    const person = this.#people.get(by);
    const name = shownName(text(person?.["nickname"]), this.#say("system"));
    const type = text(event["type"]);
    const words = text(event["text"]) || text(event["url"]) || text(event["name"]);
    const shared = { key: `t${String(event["eventId"])}`, at: Date.parse(text(event["at"])) };
    if (SAID.includes(type)) {
      const me = text(person?.["type"]) !== "CLIENT";
      const internal = INTERNAL.includes(text(event["visibility"]));
      const author = { id: String(by), name, bot: false, me };
      return { kind: "said", ...shared, author, text: words, ...(internal && { internal }) };
    }
    if (type === "customNotice") return null;
    const line = type === "joined" || type === "left" ? this.#say(type, { name }) : words;
    return line ? { kind: "happened", ...shared, text: line } : null;
  }
}

function list(value: unknown): Fields[] {
  return Array.isArray(value) ? value.map(fields) : [];
}
