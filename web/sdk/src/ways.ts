// Over which of the two ways a connection is tried: sockets first; where they never say hello, polling.

import { missing, type Platform } from "./platform.js";

/** A way to a node. */
export type Way = "websocket" | "polling";

/** Which ways may be gone: `auto` is sockets, and polling where they are blocked. */
export type WayOption = "auto" | Way;

/** After so many tries in a row without a hello the other way is tried, at another time and mostly at another node. */
const TRIES = 2;

/** Decides on the way of each try. */
export class Ways {
  readonly #possible: readonly Way[];
  /** What said hello last. */
  #preferred: Way;
  #current: Way;
  /** Tries in a row that no hello came of. */
  #unheard = 0;

  constructor(platform: Platform, option: WayOption, polls: boolean) {
    const there: Way[] = [];
    if (platform.WebSocket) there.push("websocket");
    if (platform.canFetch) there.push("polling");
    this.#possible = option === "auto" ? there : there.filter((way) => way === option);
    const [first] = this.#possible;
    if (first === undefined) {
      throw missing(option === "polling" ? "fetch" : "WebSocket");
    }
    this.#preferred = polls && this.#possible.includes("polling") ? "polling" : first;
    this.#current = this.#preferred;
  }

  /** The way of the try under way. */
  get current(): Way {
    return this.#current;
  }

  /** Whether sockets may be tried while the polling works. */
  get canProbe(): boolean {
    return this.#possible.includes("websocket");
  }

  /** Whether the polling is what works. */
  get polls(): boolean {
    return this.#preferred === "polling";
  }

  /** The way of the next try. After a few that failed both ways take turns, as nothing may work for other reasons. */
  next(): Way {
    const other = this.#possible.find((way) => way !== this.#preferred) ?? this.#preferred;
    const turn = this.#unheard >= TRIES && (this.#unheard - TRIES) % 2 === 0;
    this.#current = turn ? other : this.#preferred;
    return this.#current;
  }

  /** The current try said hello. */
  worked(): void {
    this.#unheard = 0;
    this.#preferred = this.#current;
  }

  /** The current try ended without a hello. */
  failed(): void {
    this.#unheard += 1;
  }

  /** Another way works. */
  changed(way: Way): void {
    this.#current = way;
  }

  /** What failed before says nothing any more: the network is another one. */
  forget(): void {
    this.#unheard = 0;
  }
}
