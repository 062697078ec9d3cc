// Several windows of one agent: a new one goes on without the password, and what is on screen in any of them counts as seen.

import type { Transfer } from "@handoff/sdk";

/** What windows say to each other by. */
export interface Channel {
  postMessage(message: unknown): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  close(): void;
}

type Message =
  | { readonly says: "who"; readonly from: string }
  | { readonly says: "me"; readonly to: string; readonly transfer: Transfer }
  | { readonly says: "looks"; readonly from: string; readonly chat: string };

/** How long another window may take to answer. */
const ANSWER_MS = 300;
/** How often a window says what is on its screen. */
export const LOOKS_EVERY_MS = 10_000;
/** Who said nothing for so long is closed. */
const LOOKS_FOR_MS = 25_000;

/** This window among the others. */
export class Windows {
  /** What this window gives to a new one; null: nobody is signed in here. */
  transfer: () => Transfer | null = () => null;
  readonly #channel: Channel;
  readonly #id: string;
  /** What others show, and until when that counts, by a clock that nobody sets. */
  readonly #looks = new Map<string, { chat: string; until: number }>();
  #answered: ((transfer: Transfer) => void) | null = null;
  #chat = "";

  constructor(channel: Channel, id: string) {
    this.#channel = channel;
    this.#id = id;
    channel.addEventListener("message", ({ data }) => this.#hear(data as Message));
  }

  /** What another window of the agent goes on with; null: there is none. */
  async ask(): Promise<Transfer | null> {
    const answer = new Promise<Transfer | null>((done) => {
      this.#answered = done;
      setTimeout(() => done(null), ANSWER_MS);
    });
    this.#say({ says: "who", from: this.#id });
    const transfer = await answer;
    this.#answered = null;
    return transfer;
  }

  /** The agent sees this chat here; empty: none. */
  looksAt(chat: string): void {
    if (chat === this.#chat) return;
    this.#chat = chat;
    this.repeat();
  }

  /** Says once more what is on screen here, for windows that are new and because silence means closed. */
  repeat(): void {
    this.#say({ says: "looks", from: this.#id, chat: this.#chat });
  }

  /** Whether the agent sees a chat, here or in another window. */
  sees(chat: string): boolean {
    const now = performance.now();
    return this.#chat === chat || [...this.#looks.values()].some((look) => look.chat === chat && look.until > now);
  }

  /** This window is closed. */
  close(): void {
    this.looksAt("");
    this.#channel.close();
  }

  #say(message: Message): void {
    this.#channel.postMessage(message);
  }

  #hear(message: Message): void {
    if (message.says === "looks") {
      this.#looks.set(message.from, { chat: message.chat, until: performance.now() + LOOKS_FOR_MS });
    } else if (message.says === "me" && message.to === this.#id) this.#answered?.(message.transfer);
    else if (message.says === "who") {
      const transfer = this.transfer();
      if (transfer) this.#say({ says: "me", to: message.from, transfer });
    }
  }
}
