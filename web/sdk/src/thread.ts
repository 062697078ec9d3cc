// What a client knows of one chat: who is in it, what happened, and who is typing. No connection in here: frames go in,
// what is new comes out.

import { Clock } from "./clock.js";
import { steadyNow } from "./platform.js";
import type * as agent from "./protocol/agent.js";
import type * as customer from "./protocol/customer.js";

/** Something that happened in a chat. Kinds may be added: show the `text` of one that you do not know, if it has any. */
export type ChatEvent = customer.ChatEvent;
/** Somebody who takes or took part in a chat. */
export type Participant = customer.ChatParticipant;
/** What somebody is in a chat. */
export type Role = customer.Role;
/** The customer's channel, as agents see it. */
export type CustomerChannel = agent.CustomerChannel;
/** What is new in a chat, as the server tells it. */
export type ChatFrame = customer.ChatFrame | agent.ChatFrame;

/** Somebody who types now. */
export interface Typist {
  readonly by: Participant;
  /** What they typed so far, where the server shows that. */
  readonly preview: string;
}

/** Typing ends this long after it was last said, by the server's clock, if nobody takes it back. */
const TYPING_MS = 15_000;
/** So long after a connection opened, what comes is what had happened before. */
const REPLAY_MS = 1000;

/** The events that people say something with. */
const SAYS: readonly ChatEvent["type"][] = ["message", "rich", "rich_reply", "file_uploaded"];

/** One chat, as its reader sees it. */
export class Thread {
  /** All events so far, in order, each once. */
  readonly events: ChatEvent[] = [];
  /** All who ever took part, by their number. */
  readonly participants = new Map<number, Participant>();
  /** The numbers of those who are in now. */
  readonly present = new Set<number>();
  /** The position to resume from: one past the last index that came. */
  next = 1;
  /** Whether the chat has ended for the reader. */
  ended = false;
  /** Up to which index somebody else has read; 0: nothing. */
  seenThrough = 0;
  /** The customer's channel; agents alone know it. */
  channel: CustomerChannel | null = null;
  readonly #clock: Clock;
  readonly #typing = new Map<number, { until: number; preview: string }>();
  /** The index of the last that each said, or let know of their typing. */
  readonly #lastWord = new Map<number, number>();
  /** Until when what comes counts as what had happened before the connection. */
  #replayUntil = 0;

  /** @internal */
  constructor(clock = new Clock(null)) {
    this.#clock = clock;
  }

  /**
   * By how many milliseconds the clock here is behind the server's, by which the chat's moments are, where it is wrong by far;
   * 0: it is about right, or nothing tells.
   */
  get clockBehind(): number {
    return this.#clock.behind;
  }

  /** Whether what comes now is what happened before the connection. */
  get replays(): boolean {
    return steadyNow() < this.#replayUntil;
  }

  /** A connection has opened: what comes first is what happened before. */
  opened(): void {
    this.#replayUntil = steadyNow() + REPLAY_MS;
  }

  /** Takes a frame, and gives those of its events that are new. */
  take(frame: ChatFrame): ChatEvent[] {
    const live = !this.replays;
    for (const participant of frame.participants ?? []) this.participants.set(participant.number, participant);
    if (frame.channel) this.channel = frame.channel;
    const last = this.events.slice(-1)[0]?.index ?? 0;
    const news = frame.events.filter((event) => event.index > last);
    // Before the frame itself is taken for the time: only what was known already tells the age of a replay's typing.
    const typing = frame.typing.map((one) => ({ one, age: live ? 0 : this.#clock.age(one.at) }));
    for (const event of news) this.#note(event, live);
    for (const { one, age } of typing) this.#type(one, age, live);
    this.next = Math.max(this.next, frame.next);
    this.ended ||= frame.ended;
    if (this.ended) this.#typing.clear();
    return news;
  }

  /** Who takes or took part under a number. */
  participant(number: number): Participant | undefined {
    return this.participants.get(number);
  }

  /** Whether a number is the reader's own. */
  isMine(number: number): boolean {
    return this.participants.get(number)?.me === true;
  }

  /** Whether somebody of this role is in now. */
  has(role: Role): boolean {
    return [...this.present].some((number) => this.participants.get(number)?.role === role);
  }

  /** Whether somebody else has read this event. */
  isSeen(event: ChatEvent): boolean {
    return event.index <= this.seenThrough;
  }

  /** How much others have said from a position on. */
  unreadFrom(position: number): number {
    return this.said(position).length;
  }

  /** What others have said from a position on. */
  said(position: number): ChatEvent[] {
    // From the end: what is unread is short, a chat may be long.
    const found: ChatEvent[] = [];
    for (let at = this.events.length - 1; at >= 0; at -= 1) {
      const event = this.events[at];
      if (event === undefined || event.index < position) break;
      if (SAYS.includes(event.type) && !this.isMine(event.by)) found.push(event);
    }
    return found.reverse();
  }

  /** The others who are typing now, with what the server lets the reader see of it. */
  get typists(): Typist[] {
    const now = steadyNow();
    const typists: Typist[] = [];
    for (const [number, { until, preview }] of this.#typing) {
      const by = this.participants.get(number);
      if (by && !by.me && until > now) typists.push({ by, preview });
    }
    return typists;
  }

  /** How long until the next of the typists is one no longer, in milliseconds; null: nobody types. */
  get typingLeftMs(): number | null {
    const now = steadyNow();
    const left = [...this.#typing.values()].map(({ until }) => until - now).filter((ms) => ms > 0);
    return left.length > 0 ? Math.min(...left) : null;
  }

  #note(event: ChatEvent, live: boolean): void {
    this.events.push(event);
    this.#clock.heard(event.at, live);
    if (event.type === "joined") this.present.add(event.by);
    else if (event.type === "left") this.present.delete(event.by);
    else if (event.type === "renamed") this.#rename(event);
    else if (event.type === "read" && !this.isMine(event.by)) {
      this.seenThrough = Math.max(this.seenThrough, event.through ?? 0);
    }
    // What they say ends their typing; that they read does not.
    if (event.type !== "joined" && event.type !== "read") {
      this.#typing.delete(event.by);
      this.#lastWord.set(event.by, event.index);
    }
  }

  #rename({ by, text }: ChatEvent): void {
    const known = this.participants.get(by);
    if (known && text) this.participants.set(by, { ...known, nickname: text });
  }

  /**
   * Takes typing unless it is not to be shown: its author said something later, or it was too long ago. Of what comes first on
   * a connection the age is told by the server's clock; where that is not known, it is left out: whoever types says so again
   * within a second or so.
   */
  #type({ by, at, index, started, preview }: customer.ChatTyping, age: number | null, live: boolean): void {
    this.#clock.heard(at, live);
    if (index <= (this.#lastWord.get(by) ?? 0)) return;
    this.#lastWord.set(by, index);
    const left = age === null ? 0 : TYPING_MS - Math.max(0, age);
    if (started && left > 0) this.#typing.set(by, { until: steadyNow() + left, preview: preview ?? "" });
    else this.#typing.delete(by);
  }
}
