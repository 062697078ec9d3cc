// What supervisors see of the whole contact center: agents, queues and chats, as the server tells it anew where it changed.

import { Lost, Refused } from "./errors.js";
import type { Link } from "./link.js";
import type { AgentTalk } from "./protocol.js";
import type { ChatFilter, OverviewAgent, OverviewChat, OverviewFrame, OverviewQueue } from "./protocol/agent.js";

/** What is live, as it was told last. */
export class Overview {
  /** Whether the agent may see it. */
  allowed = false;
  /** When it was looked at last, in milliseconds since 1970; 0: it has not come yet. */
  at = 0;
  /** Some nodes could not be asked: more may be there. */
  partial = false;
  agents: readonly OverviewAgent[] = [];
  queues: readonly OverviewQueue[] = [];
  /** The wanted ones, the oldest first; 1,000 at most. */
  chats: readonly OverviewChat[] = [];
  /** Why it is not shown: a refusal's code; empty: it is, or nobody asked. */
  refused = "";
  readonly #link: Link<AgentTalk>;
  readonly #changed: () => void;
  #wanted: ChatFilter | null = null;

  /** @internal */
  constructor(link: Link<AgentTalk>, changed: () => void) {
    this.#link = link;
    this.#changed = changed;
  }

  /** Shows it from now on, over all connections; with another filter it counts anew. */
  watch(chats: ChatFilter = {}): void {
    this.#wanted = chats;
    this.#ask();
  }

  /** Shows it no longer. */
  unwatch(): void {
    if (this.#wanted === null) return;
    this.#wanted = null;
    void this.#link.insist("oversee", { on: false }).catch(known);
    this.#forget();
  }

  /** @internal On each new connection. */
  opened(allowed: boolean): void {
    this.allowed = allowed;
    this.#ask();
  }

  /** @internal */
  take(frame: OverviewFrame): void {
    if (this.#wanted === null) return;
    this.at = frame.at;
    this.partial = frame.partial;
    this.agents = frame.agents ?? this.agents;
    this.queues = frame.queues ?? this.queues;
    this.chats = frame.chats ?? this.chats;
    this.#changed();
  }

  /** @internal The agent is signed out. */
  end(): void {
    this.allowed = false;
    this.#wanted = null;
    this.#forget();
  }

  #ask(): void {
    const chats = this.#wanted;
    if (chats === null || !this.allowed) return;
    this.refused = "";
    this.#link.insist("oversee", { on: true, chats }).catch((error: unknown) => {
      if (error instanceof Refused && this.#wanted === chats) {
        this.refused = error.code;
        this.#changed();
      } else known(error);
    });
  }

  #forget(): void {
    Object.assign(this, { at: 0, partial: false, agents: [], queues: [], chats: [], refused: "" });
  }
}

/** What may come of a command that nobody waits for. */
function known(error: unknown): void {
  if (!(error instanceof Refused || error instanceof Lost)) throw error;
}
