// The agent's desk: sign-in, status, offers, and each chat with what is yet to send. The server's word is the whole desk after
// each change, the same in all windows; this only adds what is this window's own.

import { AgentChat, NEW_CHAT } from "./agent-chat.js";
import { nothing, type Kept } from "./agent-kept.js";
import type { AgentEvents, AgentOptions, AgentPhase, AgentStatus, LeaveHow, Transfer } from "./agent-types.js";
import { base64 } from "./base64.js";
import { Clock } from "./clock.js";
import { Emitter, type Unsubscribe } from "./emitter.js";
import { Lost, Refused } from "./errors.js";
import { Files } from "./files.js";
import type { Link, LinkState } from "./link.js";
import { Offer } from "./offer.js";
import { linkOf, storeOf } from "./options.js";
import { Overview } from "./overview.js";
import { QueueNumbers } from "./queue-numbers.js";
import { scope } from "./platform.js";
import type { AgentTalk, Command, Do, Fields } from "./protocol.js";
import type { DeskFrame, DeskWork, PageAnswer, SignedInAnswer } from "./protocol/agent.js";
import { readKept, type Store } from "./store.js";
import type { ChatFrame } from "./thread.js";

/**
 * An agent's desk.
 *
 * With a token in its store, or from another window, it signs in by itself when it is made: {@link phase} tells.
 */
export class AgentDesk {
  /** How customers see the agent. */
  nickname = "";
  /** How many chats they take at the same time. */
  capacity = 0;
  /** From which queues they are offered chats. */
  queues: readonly string[] = [];
  /**
   * How long their chats stay theirs when nothing is heard of any of their windows, in milliseconds; null: the node has not
   * told.
   */
  graceMs: number | null = null;
  /** Whether they take chats. */
  status: AgentStatus = { state: "signed_out", reason: "" };
  /**
   * Why they are signed out though they did not ask for it: a refusal's code, `expired`, or `elsewhere` (in another window);
   * empty: they are not.
   */
  refused = "";
  /** What rings, by the chat's id. */
  offers: ReadonlyMap<string, Offer> = new Map();
  /** What is live in the whole contact center; supervisors alone may see it. */
  readonly overview: Overview;
  /** How many wait in the agent's queues, once it is watched. */
  readonly queueNumbers: QueueNumbers;
  readonly #chats = new Map<string, AgentChat>();
  readonly #store: Store;
  readonly #link: Link<AgentTalk>;
  readonly #emitter = new Emitter<AgentEvents>();
  readonly #clock: Clock;
  readonly #textBytesMax: { value: number | null } = { value: null };
  #phase: AgentPhase = "out";
  #kept: Kept;
  #written = "";
  #password = "";
  #signsOut = false;
  /** The number of the desk's newest version on this connection; 0: it has not come yet. */
  #version = 0;
  #typingTimer: unknown = null;

  constructor(options: AgentOptions) {
    this.#store = storeOf(options);
    this.#kept = readKept(this.#store, nothing);
    if (options.transfer) this.#kept = { ...this.#keptOf(options.transfer.name), token: options.transfer.token };
    this.#clock = new Clock(this.#kept.ahead);
    this.#link = linkOf<AgentTalk>(options, this.#kept, {
      path: "/v1/agent",
      opening: () => this.#opening(),
      opened: (answer) => {
        this.#opened(answer as SignedInAnswer);
      },
      refused: (error) => {
        this.#openingRefused(error);
      },
      heard: (frame) => {
        this.#hear(frame);
      },
      changed: (state) => {
        this.#connectionChanged(state);
      },
      learned: () => {
        this.#changed();
      },
    });
    const changed = () => {
      this.#changed();
    };
    this.overview = new Overview(this.#link, changed);
    this.queueNumbers = new QueueNumbers(this.#link, changed);
    if (this.#kept.token) {
      this.#phase = "signing";
      this.#link.open();
    }
  }

  /** Whether the agent is signed in. */
  get phase(): AgentPhase {
    return this.#phase;
  }

  /** The name that the agent signed in with last. */
  get name(): string {
    return this.#kept.name;
  }

  /** How the connection is. Interruptions of a second or two are nobody's concern. */
  get connection(): LinkState {
    return this.#link.state;
  }

  /** How it talks to the node: `polling` where sockets are blocked. */
  get transport(): "websocket" | "polling" {
    return this.#link.way;
  }

  /** The nodes that are known, the one in use first. */
  get nodes(): readonly string[] {
    return this.#link.nodes.fromCurrent;
  }

  /** Their chats, oldest first; those that are over too, until they are dismissed. */
  get chats(): ReadonlyMap<string, AgentChat> {
    return this.#chats;
  }

  /**
   * What the server's clock says, in milliseconds since 1970, as far as that is known: the moments of what happens are by
   * that one, and the clock here may be wrong.
   */
  get now(): number {
    return Date.now() + this.#clock.behind;
  }

  /** The longest text of a message in bytes of UTF-8, once the server has refused one for it. */
  get textBytesMax(): number | null {
    return this.#textBytesMax.value;
  }

  /** Calls `listener` after each change, for who draws. */
  subscribe(listener: () => void): Unsubscribe {
    return this.#emitter.subscribe(listener);
  }

  /** Calls `listener` with each event of that name. */
  on<Name extends keyof AgentEvents>(name: Name, listener: (content: AgentEvents[Name]) => void): Unsubscribe {
    return this.#emitter.on(name, listener);
  }

  /** Signs in. How that goes is told by {@link phase} and {@link refused}. The password is never kept, only a token is. */
  signIn(name: string, password: string): void {
    this.#leaveDesk();
    // Who only had to show the password once more goes on with what they had not sent yet.
    this.#kept = { ...this.#keptOf(name), token: "" };
    this.#password = password;
    this.refused = "";
    this.#become("signing");
    this.#changed();
    this.#link.open();
  }

  /** Signs out; refused with `has_chats` as long as there are any. */
  async signOut(): Promise<void> {
    this.#signsOut = true;
    try {
      await this.#do("sign_out", {});
    } catch (error) {
      // The desk may say so before the answer comes.
      if (!(error instanceof Lost) || this.phase !== "out") throw error;
    } finally {
      this.#signsOut = false;
    }
    this.#out("");
  }

  /** What another window of the agent goes on with, without the password; null: they are not signed in. */
  transfer(): Transfer | null {
    const { name, token } = this.#kept;
    return this.#phase === "in" && token ? { name, token } : null;
  }

  /** Takes chats from now on. */
  async ready(): Promise<void> {
    await this.#do("ready", {});
  }

  /** Takes no new chats; those that they have go on. */
  async notReady(reason = ""): Promise<void> {
    await this.#do("not_ready", { reason });
  }

  /** Takes an offer. The agent is in the chat when it is one of {@link chats}. */
  async accept(chat: string): Promise<void> {
    const offer = this.offers.get(chat);
    if (offer?.accepting) return;
    if (offer) offer.accepting = true;
    this.#changed();
    try {
      await this.#do("accept", { chat });
    } catch (error) {
      if (offer) offer.accepting = false;
      throw error;
    } finally {
      this.#changed();
    }
  }

  /** Does not take an offer. */
  async decline(chat: string): Promise<void> {
    await this.#do("decline", { chat });
  }

  /** Leaves a chat, after all that was sent in it before. */
  async leave(id: string, how: LeaveHow = "close_if_no_agents"): Promise<void> {
    const chat = this.#chats.get(id);
    if (!chat || chat.over) return;
    chat.leaving = true;
    chat.stopTyping();
    this.#changed();
    await chat.settled();
    try {
      await this.#do("leave", { chat: id, how });
    } catch (error) {
      chat.leaving = false;
      throw error;
    } finally {
      this.#changed();
    }
  }

  /** Takes a chat that is over out of {@link chats}. */
  dismiss(id: string): void {
    if (!this.#chats.get(id)?.over) return;
    this.#chats.delete(id);
    this.#changed();
  }

  /**
   * A page of an earlier chat of a contact, one of the records of {@link AgentChat.history}.
   * @param from the `next` of the page before; not given: the first page
   */
  transcript(chat: string, from?: number): Promise<PageAnswer> {
    return this.#link.insist("transcript", from === undefined ? { chat } : { chat, from });
  }

  /** Call it when the page is shown again, or the network is back: then nothing waits for a timer. */
  wake(): void {
    this.#link.wake();
  }

  /** Ends the connection without signing out: {@link open} goes on, or another desk with the same store. */
  close(): void {
    scope.clearTimeout(this.#typingTimer);
    for (const chat of this.#chats.values()) chat.stopTyping();
    this.#link.close();
  }

  /** Connects again after {@link close}. */
  open(): void {
    if (this.#phase !== "out") this.#link.open();
  }

  /** What was kept, where it is that agent's; else of the connection alone. */
  #keptOf(name: string): Kept {
    const { past, token } = this.#kept;
    return this.#kept.name === name && (past !== "" || token !== "") ? this.#kept : this.#keptOfNobody(name);
  }

  #keptOfNobody(name: string): Kept {
    const { nodes, polls, ahead } = this.#kept;
    return { ...nothing(), nodes, polls, ahead, name };
  }

  #become(phase: AgentPhase): void {
    if (this.#phase === phase) return;
    this.#phase = phase;
    this.#emitter.emit("phase", phase);
  }

  #changed(): void {
    // Before the desk is seen, what is kept from before waits for its chats.
    if (this.#phase === "in" && this.#version > 0) {
      const live = [...this.#chats].filter(([, chat]) => !chat.over);
      this.#kept.chats = Object.fromEntries(live.map(([id, chat]) => [id, chat.kept]));
    }
    const { ahead } = this.#clock;
    Object.assign(this.#kept, { nodes: this.#link.nodes.kept, polls: this.#link.polls, ahead });
    const text = JSON.stringify(this.#kept);
    if (text !== this.#written) this.#store.write(text);
    this.#written = text;
    this.#emitter.changed();
  }

  #connectionChanged(state: LinkState): void {
    if (state !== "open") this.#version = 0;
    else for (const chat of this.#chats.values()) if (!chat.over) chat.run();
    this.#emitter.emit("connection", state);
    this.#changed();
  }

  /** First on each connection. */
  #opening(): Command<AgentTalk> {
    const { name, token, past } = this.#kept;
    // What is over is read to its end all the same.
    const unended = [...this.#chats].filter(([, chat]) => !chat.thread.ended);
    const positions = Object.fromEntries(unended.map(([id, chat]) => [id, chat.thread.next]));
    // A poll is answered when the desk is another than that.
    const known = { positions, ...(this.#version > 0 ? { version: this.#version } : {}) };
    if (!this.#password) return { do: "sign_in", name, token, ...known };
    return { do: "sign_in", name, password: this.#password, ...(past ? { token: past } : {}), ...known };
  }

  #opened(answer: SignedInAnswer): void {
    const { token, nickname, capacity, queues, supervisor } = answer;
    if (this.#link.state !== "open") for (const chat of this.#chats.values()) chat.thread.opened();
    this.#kept.token = token ?? this.#kept.token;
    this.#kept.past = "";
    Object.assign(this, { nickname, capacity, queues });
    // A node of an older version does not tell it.
    this.graceMs = (answer as Partial<SignedInAnswer>).grace_ms ?? null;
    this.#password = "";
    this.overview.opened(supervisor);
    this.queueNumbers.opened();
    this.#become("in");
    this.#changed();
  }

  #openingRefused(error: Refused): void {
    const { token, past, chats } = this.#kept;
    const byToken = this.#password === "";
    this.#out(byToken && error.code === "wrong_password" ? "expired" : error.code);
    // What was not sent yet waits for the password.
    if (error.code === "token_expired") Object.assign(this.#kept, { past: token || past, chats });
    else if (past && !byToken) Object.assign(this.#kept, { past, chats });
    this.#changed();
  }

  #out(why: string): void {
    this.refused = why;
    this.#leaveDesk();
    this.#kept = this.#keptOfNobody(this.#kept.name);
    this.status = { state: "signed_out", reason: "" };
    this.#become("out");
    this.#changed();
  }

  #leaveDesk(): void {
    this.close();
    this.#password = "";
    this.#version = 0;
    this.overview.end();
    this.queueNumbers.end();
    this.#chats.clear();
    this.offers = new Map();
  }

  #hear(frame: AgentTalk["event"]): void {
    // It was looked at just now.
    if ("at" in frame) this.#clock.heard(frame.at, true);
    if (frame.event === "desk") this.#desk(frame);
    else if (frame.event === "chat") this.#chat(frame);
    else if (frame.event === "overview") this.overview.take(frame);
    else if (frame.event === "queues") this.queueNumbers.take(frame);
    else if (frame.event === "token" && this.#phase === "in") {
      this.#kept.token = frame.token;
      this.#changed();
    }
  }

  #desk(frame: DeskFrame): void {
    if (frame.version < this.#version) return;
    this.#version = frame.version;
    this.status = { state: frame.status.state, reason: frame.status.reason ?? "" };
    // Not before the sign-in's own answer: a desk that was signed out a moment ago is no news then.
    if (this.status.state === "signed_out" && this.#phase === "in") {
      this.#out(this.#signsOut ? "" : "elsewhere");
      return;
    }
    const rings = this.#takeOffers(frame.work);
    const [came, went] = this.#takeChats(frame.work);
    this.#changed();
    for (const offer of rings) this.#emitter.emit("offer", offer);
    for (const chat of came) this.#emitter.emit("chat", chat);
    for (const chat of went) this.#emitter.emit("over", chat);
  }

  /** Gives those that ring since now. */
  #takeOffers(work: readonly DeskWork[]): Offer[] {
    const before = this.offers;
    const offers = work.flatMap((one) => Offer.of(one, before.get(one.chat)) ?? []);
    this.offers = new Map(offers.map((offer) => [offer.chat, offer]));
    return offers.filter((offer) => !before.has(offer.chat) && !offer.accepting);
  }

  /** Gives those that came, and those that are over since now. */
  #takeChats(work: readonly DeskWork[]): [AgentChat[], AgentChat[]] {
    const came: AgentChat[] = [];
    const went: AgentChat[] = [];
    const chatting = work.filter(({ stage }) => stage === "chatting");
    for (const one of chatting) {
      const known = this.#chats.get(one.chat);
      if (known) known.has(one);
      else came.push(this.#newChat(one));
    }
    for (const [id, chat] of this.#chats) {
      if (chat.over || chatting.some((one) => one.chat === id)) continue;
      const now = work.find((one) => one.chat === id);
      // What went while the windows were gone may no longer be listed when they are back.
      chat.end(now?.stage === "over" ? now.why : this.status.reason === "lost" ? "lost" : "ended");
      went.push(chat);
    }
    return [came, went];
  }

  #newChat(work: DeskWork): AgentChat {
    const address = () => {
      const { name, token } = this.#kept;
      return { chat: work.chat, authorization: `Basic ${base64(`${name}:${token}`)}` };
    };
    const changed = () => {
      this.#changed();
    };
    const chat = new AgentChat(work, {
      link: this.#link,
      clock: this.#clock,
      kept: { ...NEW_CHAT, ...this.#kept.chats[work.chat] },
      files: new Files(this.#link.platform, this.#link.nodes, address, changed),
      changed,
      textBytesMax: this.#textBytesMax,
    });
    this.#chats.set(work.chat, chat);
    chat.run();
    void chat.fetchHistory();
    return chat;
  }

  #chat(frame: ChatFrame): void {
    const chat = this.#chats.get(frame.chat);
    if (!chat) return;
    const news = chat.take(frame);
    this.#watchTyping();
    this.#changed();
    for (const event of news) this.#emitter.emit("event", { chat, event });
    if (frame.typing.length > 0 || news.length > 0) this.#emitter.emit("typing", chat);
  }

  /** Tells when somebody's typing ends by itself. */
  #watchTyping(): void {
    scope.clearTimeout(this.#typingTimer);
    const typing = [...this.#chats.values()].filter((chat) => chat.thread.typingLeftMs !== null);
    if (typing.length === 0) return;
    const left = Math.min(...typing.map((chat) => chat.thread.typingLeftMs ?? Infinity));
    this.#typingTimer = scope.setTimeout(() => {
      for (const chat of typing) this.#emitter.emit("typing", chat);
      this.#emitter.changed();
      this.#watchTyping();
    }, left);
  }

  async #do<D extends Do<AgentTalk>>(what: D, fields: Fields<AgentTalk, D>): Promise<void> {
    try {
      await this.#link.insist(what, fields);
    } catch (error) {
      if (error instanceof Refused && error.code === "not_signed_in") this.#out("expired");
      throw error;
    }
  }
}
