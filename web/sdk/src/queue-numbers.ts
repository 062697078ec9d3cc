// How many wait in the queues that an agent serves, as the server tells it anew where it changed.

import { Lost, Refused } from "./errors.js";
import type { Link } from "./link.js";
import type { AgentTalk } from "./protocol.js";
import type { OverviewQueue, QueuesFrame } from "./protocol/agent.js";

/** The agent's queues, as they were told last. */
export class QueueNumbers {
  /** When they were looked at last, in milliseconds since 1970; 0: they have not come yet. */
  at = 0;
  /** Some nodes could not be asked: more may wait. */
  partial = false;
  /** In order of name. One in which nobody ever waited may be missing. */
  queues: readonly OverviewQueue[] = [];
  readonly #link: Link<AgentTalk>;
  readonly #changed: () => void;
  #wanted = false;
  #signedIn = false;

  /** @internal */
  constructor(link: Link<AgentTalk>, changed: () => void) {
    this.#link = link;
    this.#changed = changed;
  }

  /** Shows them from now on, over all connections. */
  watch(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#ask();
  }

  /** Shows them no longer. */
  unwatch(): void {
    if (!this.#wanted) return;
    this.#wanted = false;
    this.#ask();
    this.#forget();
  }

  /** @internal On each new connection. */
  opened(): void {
    this.#signedIn = true;
    if (this.#wanted) this.#ask();
  }

  /** @internal */
  take({ at, partial, queues }: QueuesFrame): void {
    if (!this.#wanted) return;
    Object.assign(this, { at, partial, queues });
    this.#changed();
  }

  /** @internal The agent is signed out; whoever signs in next is shown theirs. */
  end(): void {
    this.#signedIn = false;
    this.#forget();
  }

  #ask(): void {
    if (!this.#signedIn) return;
    this.#link.insist("watch_queues", { on: this.#wanted }).catch((error: unknown) => {
      if (!(error instanceof Refused || error instanceof Lost)) throw error;
    });
  }

  #forget(): void {
    Object.assign(this, { at: 0, partial: false, queues: [] });
  }
}
