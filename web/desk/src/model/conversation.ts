// What the desk reads out of one chat, as its events come: entries of the log, who waits for an answer since when, the last
// word. No event is looked at twice, so that a chat of any length stays quick.

import type { AgentChat, AgentItem, ChatEvent, Participant } from "@handoff/sdk";
import { excess, shownFile, shownName, type Author, type Entry, type Said } from "@handoff/ui";
import type { Say } from "../words/say.js";

/** Before this time a message that waits says nothing of it: most have arrived by then. */
const LATE_MS = 1000;
const SAID: readonly string[] = ["message", "pushed_url", "rich", "rich_reply", "file_uploaded"];
/** What is told otherwise, or is for programs. */
const SILENT: readonly string[] = ["read", "custom_notice"];
const SERVED: readonly string[] = ["agent", "supervisor"];

/** The last word of a chat. */
export interface LastWord {
  readonly text: string;
  readonly mine: boolean;
  readonly at: number;
}

/** One chat as the desk knows it. */
export class Conversation {
  /** The customer's first word that no agent has answered, in milliseconds since 1970; null: they are answered. */
  waitingSince: number | null = null;
  lastWord: LastWord | null = null;
  /** When it began, in milliseconds since 1970; null: that has not come yet. */
  startedAt: number | null = null;
  readonly #chat: AgentChat;
  readonly #say: Say;
  #entries: Entry[] = [];
  /** The index of the event that each entry is made of. */
  readonly #indexes: number[] = [];
  #taken = 0;
  #seenThrough = 0;
  readonly #now: () => number;
  /** When a message of one's own was written, by its id; and by a clock that nobody sets. */
  readonly #written = new Map<string, { at: number; steady: number }>();
  /** Which message of one's own an event is, by its index. */
  readonly #itemOf = new Map<number, string>();
  /** Messages of one's own that are in the log. */
  readonly #inLog = new Set<string>();

  /** @param now this moment, by the server's clock */
  constructor(chat: AgentChat, say: Say, now: () => number) {
    this.#chat = chat;
    this.#say = say;
    this.#now = now;
  }

  /** Whether it is of this chat: one that came anew has another. */
  isOf(chat: AgentChat): boolean {
    return this.#chat === chat;
  }

  /** Looks at what is new; whether there was anything. */
  update(): boolean {
    const { thread, pending } = this.#chat;
    this.#notePending(pending);
    const news = thread.events.slice(this.#taken);
    this.#taken = thread.events.length;
    const made: Entry[] = [];
    for (const event of news) {
      const entry = this.#take(event);
      if (!entry) continue;
      made.push(entry);
      this.#indexes.push(event.index);
    }
    if (made.length > 0) this.#entries = [...this.#entries, ...made];
    this.#markSeen(thread.seenThrough);
    return news.length > 0;
  }

  /** The log: what is in the chat, and what is on its way. */
  entries(): Entry[] {
    const pending = this.#chat.pending.filter(({ id, state }) => state === "failed" || !this.#inLog.has(id));
    return [...this.#entries, ...pending.map((item) => this.#waiting(item))];
  }

  /** Whether a message waits so long that it says so soon. */
  get sends(): boolean {
    return this.#chat.pending.some(({ state }) => state === "waiting");
  }

  #notePending(pending: readonly AgentItem[]): void {
    for (const { id, index } of pending) {
      if (!this.#written.has(id)) this.#written.set(id, { at: this.#now(), steady: performance.now() });
      if (index !== undefined) this.#itemOf.set(index, id);
    }
  }

  #take(event: ChatEvent): Entry | null {
    this.startedAt ??= event.at;
    const by = this.#chat.thread.participant(event.by);
    return SAID.includes(event.type) ? this.#said(event, by) : this.#happened(event, by);
  }

  #said(event: ChatEvent, by: Participant | undefined): Said {
    const text = event.text ?? "";
    const me = by?.me === true;
    const internal = event.internal === true;
    if (!internal) this.#toldCustomer(text, event, by);
    const item = me ? this.#itemIs(event, text) : undefined;
    return {
      kind: "said",
      key: item === undefined ? `e${event.index}` : `p${item}`,
      at: event.at,
      author: authorOf(event.by, by, this.#say),
      text,
      ...(me && { state: { at: !internal && event.index <= this.#seenThrough ? "seen" : "sent" } as const }),
      ...(internal && { internal }),
      ...(event.type === "file_uploaded" && { file: shownFile(event.file, text) }),
    };
  }

  /** What agents tell each other is no answer to the customer, and not the chat's last word. */
  #toldCustomer(text: string, { at }: ChatEvent, by: Participant | undefined): void {
    this.lastWord = { text, mine: by?.me === true, at };
    if (by?.role === "customer") this.waitingSince ??= at;
    else if (by && SERVED.includes(by.role)) this.waitingSince = null;
  }

  /**
   * Which message of this window's own an event is. It may come before the answer that says so: then it is the first that
   * waits with this text.
   */
  #itemIs({ index, internal = false }: ChatEvent, text: string): string | undefined {
    const same = (command: AgentItem["command"]) =>
      command.do === "send" && command.text === text && isInternal(command) === internal;
    const waits = ({ id, command, state }: AgentItem) => state === "waiting" && same(command) && !this.#inLog.has(id);
    const item = this.#itemOf.get(index) ?? this.#chat.pending.find(waits)?.id;
    if (item === undefined || this.#inLog.has(item)) return undefined;
    this.#inLog.add(item);
    return item;
  }

  #happened(event: ChatEvent, by: Participant | undefined): Entry | null {
    const text = this.#happening(event, by);
    return text ? { kind: "happened", key: `e${event.index}`, at: event.at, text } : null;
  }

  #happening(event: ChatEvent, by: Participant | undefined): string {
    const say = this.#say;
    const { name, me } = authorOf(event.by, by, say);
    switch (event.type) {
      case "joined":
        return me ? say("youJoined") : say("joined", { name });
      case "left":
        return leftText(event.reason, me, name, say);
      case "renamed":
        return say("renamed", { name: shownName(event.text ?? "", say("customer")) });
      case "file_deleted":
        return say("fileRemoved", { name: event.text ?? "" });
      case "idle_alert":
        return say("idleAlert");
      case "idle_close":
        return say("idleClose");
      case "nearly_full":
        return say("nearlyFull");
      case "delivery":
        return event.state === "failed" ? say("notDelivered", { reason: event.reason ?? "" }) : "";
      default:
        // Of a kind that is not known here: it says in its text what is to be read.
        return SILENT.includes(event.type) ? "" : (event.text ?? "");
    }
  }

  #markSeen(through: number): void {
    if (through <= this.#seenThrough) return;
    this.#seenThrough = through;
    this.#entries = this.#entries.map((entry, place) =>
      entry.kind === "said" &&
      !entry.internal &&
      entry.state?.at === "sent" &&
      (this.#indexes[place] ?? Infinity) <= through
        ? { ...entry, state: { at: "seen" } }
        : entry,
    );
  }

  #waiting(item: AgentItem): Said {
    const { command, id, state } = item;
    const { at, steady } = this.#written.get(id) ?? { at: this.#now(), steady: performance.now() };
    const text = command.do === "send" ? command.text : "";
    const me = [...this.#chat.thread.participants.values()].find((one) => one.me);
    const internal = isInternal(command);
    const bytesMax = internal ? 0 : (this.#chat.thread.channel?.text_bytes_max ?? 0);
    return {
      kind: "said",
      key: `p${id}`,
      at,
      author: me ? authorOf(me.number, me, this.#say) : { id: "me", name: "", bot: false, me: true },
      text,
      ...(internal && { internal }),
      state:
        state === "failed"
          ? { at: "failed", reason: refusal(item.reason ?? "", text, bytesMax, this.#say) }
          : { at: "waiting", late: performance.now() - steady >= LATE_MS },
    };
  }
}

/** Whether agents alone are to see it. */
export function isInternal(command: AgentItem["command"]): boolean {
  return command.do === "send" && command.internal === true;
}

/** Who somebody is to agents. */
export function authorOf(number: number, by: Participant | undefined, say: Say): Author {
  const neutral = by?.role === "customer" ? say("customer") : by?.role === "bot" ? say("aBot") : say("system");
  return {
    id: String(number),
    name: shownName(by?.nickname ?? "", neutral),
    bot: by?.role === "bot",
    me: by?.me === true,
  };
}

/** Why a message was not sent, in words. */
export function refusal(code: string, text: string, bytesMax: number, say: Say): string {
  if (code === "too_long" && bytesMax > 0) return say("notSentTooLong", { n: Math.max(1, excess(text, bytesMax)) });
  if (code === "too_long") return say("notSentLong");
  if (code === "full") return say("notSentFull");
  if (code === "window_closed") return say("notSentWindow");
  return code === "ended" ? say("notSentEnded") : say("notSent");
}

function leftText(reason: string | null, me: boolean, name: string, say: Say): string {
  if (me) return say("youLeft");
  if (reason === "inactive") return say("connectionOf", { name });
  return say("left", { name });
}
