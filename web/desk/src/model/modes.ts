// To whom the composer of each chat writes: the customer, or agents alone. What is written to the one never stands where
// the other is written to.

import { signal } from "@preact/signals";
import type { AgentChat } from "@handoff/sdk";

/** To whom is written. */
export type Mode = "customer" | "agents";

/** The mode of each chat's composer, in this window. */
export class Modes {
  readonly #chosen = signal<ReadonlyMap<string, Mode>>(new Map());

  /** The mode of a chat: the chosen one, else that in which something is written. */
  of(chat: AgentChat): Mode {
    const chosen = this.#chosen.value.get(chat.id);
    return chosen ?? (chat.internalDraft && !chat.draft ? "agents" : "customer");
  }

  /** Writes to others from here on; the customer is shown no typing then. */
  choose(chat: AgentChat, mode: Mode): void {
    if (mode === "agents") chat.typing("");
    this.#chosen.value = new Map(this.#chosen.value).set(chat.id, mode);
  }

  /** What is written and not sent yet. */
  draft(chat: AgentChat): string {
    return this.of(chat) === "agents" ? chat.internalDraft : chat.draft;
  }

  /** Writes it, in the field that is open. */
  write(chat: AgentChat, text: string): void {
    if (this.of(chat) === "agents") {
      // What is chosen stays when the field is emptied.
      this.choose(chat, "agents");
      chat.internalDraft = text;
    } else {
      chat.draft = text;
    }
  }

  /** Sends to whom is written, and empties the field. */
  send(chat: AgentChat, text: string): void {
    const mode = this.of(chat);
    this.write(chat, "");
    if (mode === "agents") chat.sendInternal(text);
    else chat.send(text);
  }
}
