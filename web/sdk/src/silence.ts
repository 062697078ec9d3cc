// How long nothing was heard of a connection, whatever happens to clocks and timers meanwhile.

import { scope, steadyNow } from "./platform.js";

const LOOK_MS = 500;
/** A timer may come a little early. */
const LATE_MS = 50;

/** Ends a silence that is too long. Whoever made it ends it. */
export class Silence {
  readonly #tooLong: () => void;
  readonly #looks: unknown;
  #limitMs = 0;
  #steady = 0;
  #wall = 0;
  #timer: unknown = null;

  /** It begins now; `tooLong` is called once, after `limitMs` milliseconds in which nothing was heard. */
  constructor(limitMs: number, tooLong: () => void) {
    this.#tooLong = tooLong;
    // Timers that stood still while the machine slept are not waited for.
    this.#looks = scope.setInterval(() => {
      this.look();
    }, LOOK_MS);
    this.heard(limitMs);
  }

  /** Something was heard: the silence begins anew, and may be so long. */
  heard(limitMs: number): void {
    this.#limitMs = limitMs;
    this.#steady = steadyNow();
    this.#wall = Date.now();
    // Browsers let intervals of hidden pages run once a minute, but not a timer that was made when a message came.
    scope.clearTimeout(this.#timer);
    this.#timer = scope.setTimeout(() => {
      this.look();
    }, limitMs + LATE_MS);
  }

  /** Sees whether it is too long now. */
  look(): void {
    // The clock on the wall may be set back, the other one may stand still while the machine sleeps.
    if (Math.max(steadyNow() - this.#steady, Date.now() - this.#wall) <= this.#limitMs) return;
    this.end();
    this.#tooLong();
  }

  /** Nobody listens any more. */
  end(): void {
    scope.clearInterval(this.#looks);
    scope.clearTimeout(this.#timer);
  }
}
