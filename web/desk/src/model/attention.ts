// What calls for the agent: sounds and notifications for offers and messages, again and again until they are answered, and
// silence for the chat that is on screen.

import type { AgentChat, AgentDesk, ChatEvent, Offer } from "@handoff/sdk";
import type { ReadonlySignal } from "@preact/signals";
import type { Settings, SoundKind } from "./settings.js";

const SAYS: readonly string[] = ["message", "rich", "rich_reply", "file_uploaded"];

/** What can be heard and seen outside of the page. */
export interface Callers {
  sound(kind: SoundKind): void;
  notify(note: Call): void;
}

/** A notification: what it is about, and which chat. */
export interface Call {
  readonly kind: "offer" | "message" | "over";
  readonly chat: string;
  readonly name: string;
  readonly text: string;
}

/** What a page knows of where its agent looks. */
export interface Looking {
  /** Whether the agent sees this chat now, in any window. */
  sees(chat: string): boolean;
  /** Whether this window is the one that makes sounds. */
  speaks(): boolean;
  /** Whether the page can be seen at all. */
  shown(): boolean;
}

/** Calls the agent. */
export class Attention {
  readonly #desk: AgentDesk;
  readonly #settings: ReadonlySignal<Settings>;
  readonly #callers: Callers;
  readonly #looking: Looking;
  readonly #stops: (() => void)[];
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Chats with messages that were heard and not read. */
  readonly #unheard = new Set<string>();

  constructor(desk: AgentDesk, settings: ReadonlySignal<Settings>, callers: Callers, looking: Looking) {
    this.#desk = desk;
    this.#settings = settings;
    this.#callers = callers;
    this.#looking = looking;
    this.#stops = [
      desk.on("offer", (offer) => this.#offered(offer)),
      desk.on("event", ({ chat, event }) => this.#happened(chat, event)),
      desk.on("over", (chat) => this.#over(chat)),
    ];
  }

  /** Says nothing more. */
  stop(): void {
    clearTimeout(this.#timer);
    for (const stop of this.#stops) stop();
  }

  /** A connection is away for so long that it is told. */
  away(): void {
    if (this.#looking.speaks()) this.#callers.sound("connection");
  }

  #offered(offer: Offer): void {
    const { nickname, subject } = offer.customer;
    this.#call("offer", { kind: "offer", chat: offer.chat, name: nickname, text: subject });
  }

  #happened(chat: AgentChat, event: ChatEvent): void {
    const by = chat.thread.participant(event.by);
    // What had happened before a connection is seen, not heard.
    if (!SAYS.includes(event.type) || by?.me || by?.role === "bot" || chat.thread.replays) return;
    if (this.#looking.sees(chat.id)) return;
    this.#unheard.add(chat.id);
    this.#call("message", { kind: "message", chat: chat.id, name: by?.nickname ?? "", text: event.text ?? "" });
  }

  #over(chat: AgentChat): void {
    this.#unheard.delete(chat.id);
    if (chat.over === "left") return;
    this.#call("over", { kind: "over", chat: chat.id, name: chat.work.customer.nickname, text: "" });
  }

  #call(kind: SoundKind, call: Call): void {
    if (!this.#looking.speaks()) return;
    this.#callers.sound(kind);
    if (this.#settings.value.notifications && !this.#looking.shown()) this.#callers.notify(call);
    this.#plan();
  }

  /** Heard again, until it is answered. */
  #plan(): void {
    clearTimeout(this.#timer);
    const { repeat } = this.#settings.value;
    if (repeat > 0) this.#timer = setTimeout(() => this.#again(), repeat * 1000);
  }

  #again(): void {
    const waits = this.#waits();
    if (!waits) return;
    if (this.#looking.speaks()) this.#callers.sound(waits);
    this.#plan();
  }

  /** What is not answered yet; null: nothing. */
  #waits(): SoundKind | null {
    if ([...this.#desk.offers.values()].some((offer) => !offer.accepting)) return "offer";
    for (const id of this.#unheard) {
      const chat = this.#desk.chats.get(id);
      if (!chat || chat.over || chat.unread === 0 || this.#looking.sees(id)) this.#unheard.delete(id);
    }
    return this.#unheard.size > 0 ? "message" : null;
  }
}
