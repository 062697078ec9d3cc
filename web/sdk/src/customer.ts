// The customer's chat: it starts, resumes after whatever happens to the connection or to the page, sends each message once,
// and leaves.

import { Clock } from "./clock.js";
import { nothing, type Kept, type QueuePlace } from "./customer-kept.js";
import { Emitter, type Unsubscribe } from "./emitter.js";
import { Refused } from "./errors.js";
import { Files } from "./files.js";
import type { Link, LinkState } from "./link.js";
import { otherNumber } from "./numbers.js";
import { linkOf, storeOf, type ClientOptions } from "./options.js";
import { Outbox, type Item } from "./outbox.js";
import { scope } from "./platform.js";
import type { Command, CustomerTalk, Without } from "./protocol.js";
import type { QueueFrame, ResumedAnswer, StartCommand, StartedAnswer } from "./protocol/customer.js";
import { Reading } from "./reading.js";
import { readKept, type Store } from "./store.js";
import { utf8Bytes } from "./text.js";
import { Thread, type ChatEvent, type ChatFrame, type Typist } from "./thread.js";
import { Typist as OwnTyping } from "./typist.js";

/** The chat is there no more, or was never ours. */
const GONE = ["unknown_chat", "wrong_key", "ended"];

/** Where a customer is: at the form, in a chat, or at its end. */
export type CustomerPhase = "idle" | "starting" | "open" | "leaving" | "ended";

/** What a chat begins with; `nickname`, or first and last name. */
export type StartForm = Omit<StartCommand, "id" | "do" | "client_id">;

/** What opens a chat. The key is a secret: it is never shown, and never in an address. */
export interface ChatKey {
  readonly chat: string;
  readonly key: string;
}

/** What a customer sends, in order with their messages. */
export type CustomerCommand = Without<
  Extract<
    Command<CustomerTalk>,
    { do: "send" | "reply" | "attach" | "rename" | "notice" | "push_url" | "rate" | "leave" }
  >,
  "number" | "run"
>;

/** Something that a customer sends. */
export type CustomerItem = Item<CustomerCommand>;

/** What a customer's chat tells of. */
export interface CustomerEvents {
  /** Something new in the chat. After a reload all of it comes again, from the beginning. */
  event: ChatEvent;
  /** Others type, or no longer. */
  typing: readonly Typist[];
  /** The connection is in another state. */
  connection: LinkState;
  /** The customer is somewhere else. */
  phase: CustomerPhase;
  /** The start was refused for good. */
  refused: Refused;
}

/**
 * A customer's chat.
 *
 * What it keeps in its store it goes on with by itself when it is made: {@link phase} tells whether there is a chat.
 */
export class CustomerChat {
  /** What happened in the chat, who takes part and who types. */
  thread: Thread;
  /** The files of this chat. */
  files: Files;
  /** Why the last start was refused, as the server's code; empty: it was not. */
  refused = "";
  /** The chat was there no more when the client came back to it. */
  gone = false;
  /** The longest text of a message in bytes of UTF-8, once the server has refused one for it. */
  textBytesMax: number | null = null;
  /** Where the customer stands in line, as the server last told; null: they wait in none. */
  queue: QueuePlace | null = null;
  readonly #store: Store;
  readonly #link: Link<CustomerTalk>;
  readonly #outbox: Outbox<CustomerCommand>;
  readonly #emitter = new Emitter<CustomerEvents>();
  /** A copy of this page counts from the same number: what it sends is no repeat of what is sent here. */
  readonly #run: string;
  readonly #typing: OwnTyping;
  readonly #clock: Clock;
  #reading: Reading;
  #kept: Kept;
  #written = "";
  #typingTimer: unknown = null;

  constructor(options: ClientOptions) {
    this.#store = storeOf(options);
    this.#kept = readKept(this.#store, nothing);
    this.#clock = new Clock(this.#kept.ahead);
    this.thread = new Thread(this.#clock);
    this.#link = linkOf<CustomerTalk>(options, this.#kept, {
      path: "/v1/customer",
      opening: () => this.#opening(),
      opened: (answer) => {
        this.#opened(answer);
      },
      refused: (error) => {
        this.#openingRefused(error);
      },
      heard: (frame) => {
        if (!("chat" in frame) || frame.chat !== this.#kept.chat) return;
        if (frame.event === "chat") this.#take(frame);
        else this.#queued(frame);
      },
      changed: (state) => {
        this.#connectionChanged(state);
      },
      learned: () => {
        this.#changed();
      },
    });
    this.#run = this.#link.platform.newId();
    this.#typing = new OwnTyping((started, preview) => {
      this.#link.tell("typing", started ? { started, preview } : { started });
    });
    this.files = this.#newFiles();
    this.#reading = this.#newReading();
    this.#outbox = new Outbox<CustomerCommand>({
      newId: () => this.#link.platform.newId(),
      deliver: (item) => this.#deliver(item),
      shows: (command) => command.do === "send" || command.do === "reply",
      over: () => this.#kept.phase === "ended",
      changed: () => {
        this.#changed();
      },
    });
    this.#outbox.restore(this.#kept.items);
    // Ended or not, all of it is asked for again; the server says how it stands.
    if (this.#kept.phase === "ended") this.#kept.phase = "open";
    if (this.#kept.phase !== "idle") this.#link.open();
  }

  /** Where the customer is. */
  get phase(): CustomerPhase {
    return this.#kept.phase;
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

  /** What opens the chat; null: there is none. */
  get key(): ChatKey | null {
    const { chat, key } = this.#kept;
    return chat === "" ? null : { chat, key };
  }

  /** The messages that are not seen in the chat yet, in order, and those that failed. */
  get pending(): readonly CustomerItem[] {
    return this.#outbox.shown;
  }

  /** How many messages of others were not read. */
  get unread(): number {
    return this.#reading.unread;
  }

  /** Whether a file may be sent now. */
  get takesFiles(): boolean {
    const { limits } = this.files;
    return this.phase === "open" && limits !== null && (!limits.need_agent || this.thread.has("agent"));
  }

  /** Calls `listener` after each change, for who draws. */
  subscribe(listener: () => void): Unsubscribe {
    return this.#emitter.subscribe(listener);
  }

  /** Calls `listener` with each event of that name. */
  on<Name extends keyof CustomerEvents>(name: Name, listener: (content: CustomerEvents[Name]) => void): Unsubscribe {
    return this.#emitter.on(name, listener);
  }

  /** Begins a chat. How that goes is told by {@link phase} and {@link refused}. */
  start(form: StartForm): void {
    this.#begin({ phase: "starting", form: { ...form, client_id: this.#link.platform.newId() } });
  }

  /** Goes on with a chat that was begun elsewhere. */
  resume({ chat, key }: ChatKey): void {
    this.#begin({ phase: "open", chat, key });
  }

  /** Sends a message. It is sent once, in order, whatever happens meanwhile; what becomes of it, its `state` tells. */
  send(text: string, messageType?: string): CustomerItem {
    this.#typing.stop(true);
    return this.#push({ do: "send", text, ...(messageType === undefined ? {} : { message_type: messageType }) });
  }

  /** Answers a rich message. `to` is its index; the content is as in the schema of rich replies. */
  reply(to: number, content: Record<string, unknown>): CustomerItem {
    return this.#push({ do: "reply", to, content });
  }

  /** Sends what failed once more, perhaps with another text. It is something new, after all that was sent since. */
  resend(item: CustomerItem, text?: string): CustomerItem {
    const { command } = item;
    return this.#outbox.again(item, command.do === "send" && text !== undefined ? { ...command, text } : command);
  }

  /** Takes back what failed. */
  discard(item: CustomerItem): void {
    this.#outbox.remove(item);
  }

  /** Tells the others that the customer types: give it all that is in the field, after each change. */
  typing(text: string): void {
    if (this.phase === "open") this.#typing.changed(text);
  }

  /** The customer has read what was said below an index; by default all of it. The agents are told. */
  read(before?: number): void {
    if (this.#reading.read(before)) this.#changed();
  }

  /** Attaches data to the chat, which replace what is there under their keys. */
  async attach(data: Record<string, string>): Promise<void> {
    await this.#pushed({ do: "attach", data });
  }

  /** Takes another nickname. */
  async rename(nickname: string): Promise<void> {
    await this.#pushed({ do: "rename", nickname });
  }

  /** Tells the others' programs something, which people are not shown. */
  async notice(text: string, messageType?: string): Promise<void> {
    await this.#pushed({
      do: "notice",
      text,
      ...(messageType === undefined ? {} : { message_type: messageType }),
    });
  }

  /** Shows a page to the others. */
  async pushUrl(url: string): Promise<void> {
    await this.#pushed({ do: "push_url", url });
  }

  /** Leaves the chat, after all that was sent before. {@link phase} tells when that is done, or that it was refused. */
  leave(): void {
    if (this.phase !== "open" && this.phase !== "starting") return;
    this.#typing.stop(true);
    // A chat that is only starting is left when it has started: the outbox waits for that.
    if (this.phase === "open") this.#become("leaving");
    this.#outbox.push({ do: "leave" });
  }

  /**
   * Rates the chat, once, when it has ended: it connects for that, and no longer. Rejects with `Refused` (`not_ended`, `rated`,
   * `no_ratings`), or with `Lost` where the chat can be resumed no more.
   * @param score 1 to 5, the best
   * @param text at most 1,000 characters
   */
  async rate(score: number, text = ""): Promise<void> {
    if (this.phase !== "ended")
      throw new Refused({ code: "not_ended", message: "A chat can be rated when it has ended." });
    const { key } = this.#kept;
    const command = { do: "rate", score, ...(text === "" ? {} : { text }) } as const;
    this.#link.open();
    try {
      // Then the next number is known: that of a leave whose answer never came is used.
      await this.#link.untilOpen();
      await this.#deliver({ id: this.#link.platform.newId(), command, state: "waiting" });
    } finally {
      // Another chat may have begun.
      if (this.#kept.key === key) this.#link.close();
    }
  }

  /** Forgets the chat: back to the form. Who wants the others to know leaves before. */
  reset(): void {
    this.#begin({ phase: "idle" });
  }

  /** Call it when the page is shown again, or the network is back: then nothing waits for a timer. */
  wake(): void {
    this.#link.wake();
  }

  /** Ends the connection and keeps the chat: {@link open} goes on with it, or another client with the same store. */
  close(): void {
    this.#typing.stop(true);
    scope.clearTimeout(this.#typingTimer);
    this.#link.close();
  }

  /** Connects again after {@link close}. */
  open(): void {
    if (this.phase !== "idle" && this.phase !== "ended") this.#link.open();
  }

  #begin(kept: Partial<Kept>): void {
    const { nodes, polls, ahead } = this.#kept;
    this.close();
    this.refused = "";
    this.gone = false;
    this.queue = null;
    this.thread = new Thread(this.#clock);
    this.#kept = { ...nothing(), nodes, polls, ahead, ...kept };
    this.files = this.#newFiles();
    this.#reading = this.#newReading();
    this.#outbox.clear();
    this.#emitter.emit("phase", this.phase);
    this.#changed();
    if (this.phase !== "idle") this.#link.open();
  }

  #push(command: CustomerCommand): CustomerItem {
    if (this.phase === "idle") throw new Error("There is no chat: start or resume one first.");
    return this.#outbox.push(command);
  }

  #pushed(command: CustomerCommand): Promise<void> {
    return this.#outbox.whenDone(this.#push(command));
  }

  #newFiles(): Files {
    const address = () => ({ chat: this.#kept.chat, authorization: `Bearer ${this.#kept.key}` });
    return new Files(this.#link.platform, this.#link.nodes, address, () => {
      this.#changed();
    });
  }

  #newReading(): Reading {
    return new Reading(
      this.#kept.read,
      () => this.thread,
      (position) => this.#link.ask("read", { position }),
    );
  }

  #become(phase: CustomerPhase): void {
    const before = this.phase;
    this.#kept.phase = phase;
    // The connection goes first: whoever is told may begin another chat, or rate this one.
    if (phase === "idle" || phase === "ended") this.#link.close();
    if (phase !== before) this.#emitter.emit("phase", phase);
  }

  #changed(): void {
    this.#outbox.settle(this.thread);
    const { ahead } = this.#clock;
    const connection = { nodes: this.#link.nodes.kept, polls: this.#link.polls, ahead };
    Object.assign(this.#kept, connection, { items: this.#outbox.items, read: this.#reading.position });
    const text = JSON.stringify(this.#kept);
    if (text !== this.#written) this.#store.write(text);
    this.#written = text;
    this.#emitter.changed();
  }

  #connectionChanged(state: LinkState): void {
    if (state === "open") {
      void this.#outbox.run();
      void this.files.learn();
      this.#reading.tell();
    }
    this.#emitter.emit("connection", state);
    this.#changed();
  }

  /** First on each connection. */
  #opening(): Command<CustomerTalk> {
    const { chat, key, form } = this.#kept;
    if (this.phase === "starting") return { do: "start", ...form };
    return { do: "resume", chat, key, position: this.thread.next };
  }

  #opened(answer: CustomerTalk["answers"][keyof CustomerTalk["answers"]]): void {
    if (this.#link.state !== "open") this.thread.opened();
    if ("key" in answer) this.#started(answer);
    else this.#kept.number = Math.max(this.#kept.number, (answer as ResumedAnswer).next_command);
  }

  #started({ chat, key, next_command }: StartedAnswer): void {
    Object.assign(this.#kept, { chat, key, number: next_command, form: {} });
    const leaves = this.#outbox.items.some(({ command }) => command.do === "leave");
    this.#become(leaves ? "leaving" : "open");
    this.#changed();
  }

  #openingRefused(error: Refused): void {
    if (this.phase === "starting") {
      this.refused = error.code;
      this.#outbox.clear();
      this.#kept.form = {};
      this.#become("idle");
      this.#emitter.emit("refused", error);
    } else if (GONE.includes(error.code)) {
      this.gone = error.code !== "ended";
      this.#end();
    } else return;
    this.#changed();
  }

  #queued({ place, wait_s }: QueueFrame): void {
    this.queue = place === null ? null : { place, wait_s };
    this.#changed();
  }

  #take(frame: ChatFrame): void {
    const news = this.thread.take(frame);
    this.#watchTyping();
    if (this.thread.ended && this.phase !== "ended") this.#end();
    this.#changed();
    for (const event of news) this.#emitter.emit("event", event);
    if (frame.typing.length > 0 || news.length > 0) this.#emitter.emit("typing", this.thread.typists);
  }

  /** Tells when somebody's typing ends by itself. */
  #watchTyping(): void {
    scope.clearTimeout(this.#typingTimer);
    const left = this.thread.typingLeftMs;
    if (left === null) return;
    this.#typingTimer = scope.setTimeout(() => {
      this.#emitter.emit("typing", this.thread.typists);
      this.#emitter.changed();
      this.#watchTyping();
    }, left);
  }

  #end(): void {
    this.queue = null;
    this.#outbox.fail("ended");
    this.#become("ended");
  }

  async #deliver(item: CustomerItem): Promise<{ index?: number | null }> {
    for (;;) {
      this.#checkLength(item);
      if (item.number === undefined) Object.assign(item, { number: this.#kept.number, run: this.#run });
      this.#changed();
      const { number = 0, run = this.#run } = item;
      try {
        const { do: what, ...fields } = item.command;
        const answer = await this.#link.insist(what, { ...fields, number, run });
        this.#kept.number = Math.max(this.#kept.number, number + 1);
        return answer as { index?: number | null };
      } catch (error) {
        const other = error instanceof Refused ? otherNumber(error, number) : 0;
        if (!other) throw this.#undelivered(item, error);
        this.#kept.number = other;
        delete item.number;
      }
    }
  }

  /** What is known to be too long is not asked again. */
  #checkLength({ command }: CustomerItem): void {
    const max = this.textBytesMax;
    if (max === null || command.do !== "send" || utf8Bytes(command.text) <= max) return;
    throw new Refused({ code: "too_long", message: `A message may have ${max} bytes.`, bytes_max: max });
  }

  #undelivered({ command }: CustomerItem, error: unknown): unknown {
    if (!(error instanceof Refused)) return error;
    this.textBytesMax = error.details.bytes_max ?? this.textBytesMax;
    if (GONE.includes(error.code)) {
      // Not from within: what waits behind this fails after it.
      void Promise.resolve().then(() => {
        this.#end();
        this.#changed();
      });
    } else if (command.do === "leave") this.#become("open");
    return error;
  }
}
