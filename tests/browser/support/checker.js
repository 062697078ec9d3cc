// The rules of the takeover tests (tests/support/checker.rs) for customers who are told events: what one customer was
// told and what is held of their chat must be the same, and nothing of it is ever taken back.

import { isDeepStrictEqual } from "node:util";

/** @typedef {{index: number, type: string, text?: string, from: {type: string, nickname: string}}} Event */
/** @typedef {{messages: Event[], chatEnded?: boolean}} Told one message of the server */

export class Checker {
  /**
   * By index, as it was first told: an index names one event for ever.
   * @type {Map<number, string>}
   */
  #seen = new Map();
  #last = 0;
  /** @type {string[]} */
  broken = [];

  /** @param {string[]} acknowledged what the customer said, in their order, each known to be safe */
  constructor(acknowledged) {
    this.acknowledged = acknowledged;
  }

  /**
   * Something that the customer was told. It may come again, as after a reply that was lost, but the same.
   * @param {Told} told
   */
  look({ messages }) {
    let last = 0;
    for (const event of messages) {
      if (event.index <= last) this.broken.push(`index ${event.index} after ${last} in one message`);
      last = event.index;
      if (passes(event)) continue;
      const known = this.#seen.get(event.index);
      const text = JSON.stringify(event);
      if (known === undefined) {
        if (event.index < this.#last) this.broken.push(`new at index ${event.index} after ${this.#last}: ${text}`);
        this.#last = Math.max(this.#last, event.index);
        this.#seen.set(event.index, text);
      } else if (!same(JSON.parse(known), event)) {
        this.broken.push(`index ${event.index} was used twice: ${known} and ${text}`);
      }
    }
  }

  /**
   * The whole chat as the server holds it, read after all that is acknowledged.
   * @param {Told} held
   */
  compare({ messages }) {
    const stays = messages.filter((event) => !passes(event));
    const by = new Map(stays.map((event) => [event.index, event]));
    for (const [index, text] of this.#seen) {
      if (!same(by.get(index), JSON.parse(text))) this.broken.push(`event ${index} was told and is not held: ${text}`);
    }
    for (const event of stays) {
      if (!this.#seen.has(event.index)) this.broken.push(`event ${event.index} was never told: ${event.text}`);
    }
    const said = (/** @type {string} */ type) =>
      stays.filter((event) => event.type === "Message" && event.from.type === type).map(({ text }) => text ?? "");
    const own = said("Client");
    if (!same(own, this.acknowledged)) {
      this.broken.push(`held ${JSON.stringify(own)}\nacknowledged ${JSON.stringify(this.acknowledged)}`);
    }
    const answers = said("Agent").length;
    if (answers !== own.length + 1) this.broken.push(`${answers} of the bot: a greeting, and one answer to each`);
  }
}

/**
 * Typing is told and not kept.
 * @param {Event} event
 */
function passes(event) {
  return event.type.startsWith("Typing");
}

/**
 * Whether both say the same, in whatever order their fields come.
 * @param {unknown} one
 * @param {unknown} other
 */
function same(one, other) {
  return isDeepStrictEqual(one, other);
}
