// What the server's clock says, as far as a client can know: by the moments of what it hears.

/** A word that came live shows an estimate wrong that is further off than this: the clock here was set. */
const WRONG_MS = 15_000;

/** How far the server's clock is ahead of this one, in milliseconds. */
export class Clock {
  #ahead: number | null;
  /** Whether anything was heard while it happened, in this run or in one before. */
  #sure: boolean;

  /** @param ahead what was known before a reload */
  constructor(ahead: number | null) {
    this.#ahead = ahead;
    this.#sure = ahead !== null;
  }

  /** What to keep for a reload; null: nothing was heard live. */
  get ahead(): number | null {
    return this.#sure ? this.#ahead : null;
  }

  /** By how many milliseconds this clock is behind, where it is wrong by far; 0: it is right, or nothing tells. */
  get behind(): number {
    const ahead = this.#ahead ?? 0;
    // What had happened before says how far this one is behind at least, and not how far it is ahead.
    const wrong = this.#sure ? Math.abs(ahead) > WRONG_MS : ahead > WRONG_MS;
    return wrong ? ahead : 0;
  }

  /**
   * Something was heard. What it says of the clock is too little by the time that it was on its way: the most counts.
   * @param at its moment, by the server's clock
   * @param live whether it was heard when it happened, not as a part of what had happened before
   */
  heard(at: number, live: boolean): void {
    const ahead = at - Date.now();
    const wrong = live && this.#ahead !== null && ahead < this.#ahead - WRONG_MS;
    if (this.#ahead === null || wrong || ahead > this.#ahead) this.#ahead = ahead;
    this.#sure ||= live;
  }

  /** How long ago something happened, at the least; null: that is not known. */
  age(at: number): number | null {
    return this.#sure && this.#ahead !== null ? Date.now() + this.#ahead - at : null;
  }
}
