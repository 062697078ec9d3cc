// What a page knows of one chat: who is in it, what happened, who is typing, and what it has yet to send. No page, no
// socket in here: frames go in, changes come out.

import { newId } from "./link.js";

/** A typing notice that nobody took back ends after this. */
const TYPING_MS = 12000;

/** @typedef {import("./link.js").Frame} Frame */
/** @typedef {{number: number, role: string, nickname: string, me: boolean}} Party */
/**
 * @typedef {object} Event
 * @property {number} index
 * @property {number} at milliseconds since 1970
 * @property {string} type joined, message, pushed_url, renamed, custom_notice, read, idle_alert, idle_close, nearly_full,
 *   file_uploaded, file_deleted, rich, rich_reply, left, delivery, ended
 * @property {number} [by] a participant's number
 * @property {string} [text]
 * @property {string | null} [reason]
 * @property {string} [state] of a delivery: sent, delivered, read or failed
 * @property {{id: string, bytes?: number}} [file]
 * @property {import("./link.js").Frame} [content] of a rich message
 */

export class Thread {
  /** The position to resume from. */
  next = 1;
  ended = false;
  /** @type {Event[]} in order, each once */
  events = [];
  /** @type {Map<number, Party>} all who ever took part */
  parties = new Map();
  /** @type {Set<number>} who is in now */
  present = new Set();
  /** @type {Map<number, {until: number, preview: string}>} */
  #typing = new Map();

  /**
   * Takes a `chat` frame.
   * @param {Frame} frame
   * @returns {Event[]} what is new
   */
  take(frame) {
    for (const party of frame.participants ?? []) this.parties.set(party.number, party);
    const last = this.events.at(-1)?.index ?? 0;
    const news = (frame.events ?? []).filter((/** @type {Event} */ event) => event.index > last);
    for (const event of news) this.#note(event);
    for (const typing of frame.typing ?? []) {
      if (typing.started) {
        this.#typing.set(typing.by, { until: Date.now() + TYPING_MS, preview: typing.preview ?? "" });
      } else this.#typing.delete(typing.by);
    }
    this.next = Math.max(this.next, frame.next ?? 0);
    this.ended ||= frame.ended === true;
    if (this.ended) this.#typing.clear();
    return news;
  }

  /** @param {Event} event */
  #note(event) {
    this.events.push(event);
    if (event.by === undefined) return;
    if (event.type === "joined") this.present.add(event.by);
    if (event.type === "left") this.present.delete(event.by);
    if (event.type !== "joined") this.#typing.delete(event.by);
  }

  /** @param {number | undefined} number */
  party(number) {
    return number === undefined ? undefined : this.parties.get(number);
  }

  /** @param {number | undefined} number */
  isMine(number) {
    return this.party(number)?.me === true;
  }

  /**
   * Whether somebody of this role is in now.
   * @param {string} role
   */
  has(role) {
    return [...this.present].some((number) => this.party(number)?.role === role);
  }

  /** The others who are typing now, with what the server lets this view see of it. */
  typists() {
    const now = Date.now();
    return [...this.#typing]
      .filter(([by, typing]) => typing.until > now && !this.isMine(by))
      .map(([by, { preview }]) => ({ party: this.party(by), preview }));
  }
}

/**
 * @typedef {object} Item
 * @property {string} id
 * @property {string} text
 * @property {boolean} [leave] not a message: the customer leaves, after all that they sent before
 * @property {number} [number] of the command; it stays the same over all repeats
 * @property {string} [run] whose number it is: this page's, or after a reload the one before
 * @property {number} [index] where the server says that it is
 * @property {string} [failed] why it was refused for good
 */

/** What was written and is not yet seen in the chat, in order; one at a time is on its way. */
export class Outbox {
  /** @type {Item[]} */
  items = [];
  #busy = false;
  /** @type {Array<() => void>} */
  #idle = [];

  /**
   * @param {object} options
   * @param {(item: Item) => Promise<Frame>} options.deliver resolves to the answer, rejects when it is refused for good
   * @param {(error: unknown) => string | null} options.verdict why it was refused; null: not now, it stays
   * @param {() => void} options.onChange
   */
  constructor(options) {
    this.options = options;
  }

  /**
   * @param {string} text
   * @param {boolean} [leave]
   */
  push(text, leave = false) {
    this.items.push(leave ? { id: newId(), text, leave } : { id: newId(), text });
    this.options.onChange();
    this.run();
  }

  /** Those that still wait for the server. */
  get waiting() {
    return this.items.filter((item) => item.failed === undefined);
  }

  async run() {
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (;;) {
        const item = this.#next();
        if (!item || !(await this.#deliver(item))) break;
      }
    } finally {
      this.#busy = false;
      if (!this.#next()) for (const done of this.#idle.splice(0)) done();
    }
  }

  #next() {
    return this.items.find((one) => one.index === undefined && one.failed === undefined);
  }

  /** When all that was pushed is answered. */
  async settled() {
    if (this.#next()) await new Promise((done) => this.#idle.push(() => done(undefined)));
  }

  /** @param {Item} item */
  async #deliver(item) {
    try {
      const answer = await this.options.deliver(item);
      if (item.leave) this.remove(item);
      else item.index = answer.index;
    } catch (error) {
      const why = this.options.verdict(error);
      if (why === null) return false;
      item.failed = why;
      delete item.number;
      delete item.run;
    }
    this.options.onChange();
    return true;
  }

  /** @param {Item} item */
  remove(item) {
    this.items = this.items.filter((one) => one !== item);
  }

  /**
   * Takes out what is in the chat now.
   * @param {Thread} thread
   */
  settle(thread) {
    this.items = this.items.filter((item) => item.index === undefined || item.index >= thread.next);
  }
}
