// What an agent is told of a connection that is away: nothing for some seconds, then that it comes back, after the time for
// which their chats stay theirs what that means for their customers, and when it is back, that it is.

import { batch, computed, signal, type ReadonlySignal } from "@preact/signals";
import type { LinkState } from "@handoff/sdk";
import { follow } from "./follow.js";

/** A connection that is back before this was never away, as far as people can see. */
export const QUIET_MS = 3000;
/** For how long chats stay an agent's where no node has told. */
const GRACE_MS = 15_000;
const BACK_MS = 4000;

/** How a connection is told of. */
export type ConnectionTold =
  | { readonly is: "well" }
  | { readonly is: "away" }
  | { readonly is: "lost" }
  | { readonly is: "back"; readonly lostChats: number };

/** Watches a connection. */
export class ConnectionWatch {
  /** By a clock that nobody sets. */
  readonly #awayFrom = signal<number | null>(null);
  readonly #back = signal<{ at: number; lostChats: number } | null>(null);
  /** How it is told of now. */
  readonly told: ReadonlySignal<ConnectionTold>;
  #lostChats = 0;
  #awaySince: number | null = null;

  /**
   * @param ticks changes about once a second
   * @param graceMs how long chats stay the agent's while they are away; null: nobody has told
   */
  constructor(ticks: ReadonlySignal<number>, graceMs: () => number | null) {
    this.told = computed<ConnectionTold>(() => {
      const from = this.#awayFrom.value;
      const back = this.#back.value;
      follow(ticks);
      if (from !== null) {
        const away = performance.now() - from;
        if (away >= (graceMs() ?? GRACE_MS)) return { is: "lost" };
        return away >= QUIET_MS ? { is: "away" } : { is: "well" };
      }
      if (back && performance.now() - back.at < BACK_MS) return { is: "back", lostChats: back.lostChats };
      return { is: "well" };
    });
  }

  /** Since when it is away, in milliseconds since 1970; null: it is not. */
  get awaySince(): number | null {
    return this.#awaySince;
  }

  /** The connection is in this state now. */
  is(state: LinkState): void {
    const from = this.#awayFrom.peek();
    const well = state === "open" || state === "closed";
    if (!well) {
      if (from !== null) return;
      this.#awaySince = Date.now();
      this.#lostChats = 0;
      batch(() => {
        this.#awayFrom.value = performance.now();
        this.#back.value = null;
      });
      return;
    }
    this.#awaySince = null;
    const now = performance.now();
    const told = from !== null && now - from >= QUIET_MS;
    batch(() => {
      this.#awayFrom.value = null;
      if (told && state === "open") this.#back.value = { at: now, lostChats: this.#lostChats };
    });
  }

  /** A chat went to somebody else because the connection was away. */
  lostChat(): void {
    this.#lostChats += 1;
    const back = this.#back.peek();
    if (back) this.#back.value = { ...back, lostChats: this.#lostChats };
  }
}
