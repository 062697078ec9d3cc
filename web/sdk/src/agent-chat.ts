// One chat of an agent, in this window.

import type { Clock } from "./clock.js";
import type { Files } from "./files.js";
import type { Link } from "./link.js";
import { Outbox, type Item } from "./outbox.js";
import type { AgentTalk, Command, Without } from "./protocol.js";
import type { DeskWork, OverWhy, PastAnswer } from "./protocol/agent.js";
import { Lost, Refused } from "./errors.js";
import { Reading } from "./reading.js";
import { utf8Bytes } from "./text.js";
import { Thread } from "./thread.js";
import { Typist } from "./typist.js";

/** What an agent sends in a chat, in order. */
export type AgentCommand = Without<
  Extract<Command<AgentTalk>, { do: "send" | "send_rich" | "notice" | "push_url" | "attach" }>,
  "chat"
>;

/** Something that an agent sends in a chat. */
export type AgentItem = Item<AgentCommand>;

/** What is known of the customer: their contact and their earlier chats. */
export type History = Pick<PastAnswer, "contact" | "records" | "hidden">;

/** What of a chat survives a reload. */
export interface KeptChat {
  items: readonly AgentItem[];
  draft: string;
  /** What is written to agents alone. */
  internalDraft: string;
  /** One past the last index that was read; 0: it was not counted yet. */
  read: number;
}

/** What is kept of a chat that is new. */
export const NEW_CHAT: KeptChat = { items: [], draft: "", internalDraft: "", read: 0 };

/** What a chat needs of its desk. */
export interface ChatOptions {
  link: Link<AgentTalk>;
  clock: Clock;
  kept: KeptChat;
  files: Files;
  changed(): void;
  /** The longest text in bytes, where it is known. */
  textBytesMax: { value: number | null };
}

/** A chat that an agent has, or had until they dismiss it. */
export class AgentChat {
  /** The chat's id. */
  readonly id: string;
  /** What happened in it, who takes part and who types. */
  readonly thread: Thread;
  /** Its files. */
  readonly files: Files;
  /** Why it is over for this agent; empty while they have it. */
  over: OverWhy | "" = "";
  /** They asked to leave. */
  leaving = false;
  /** Contact and earlier chats of the customer; null: they have not come yet. */
  history: History | null = null;
  /** Why the history could not be fetched: a refusal's code, or `lost`; empty: it is there, or on its way. */
  historyRefused = "";
  /** As the server tells it: queue, customer and stage. */
  work: DeskWork;
  readonly #link: Link<AgentTalk>;
  readonly #outbox: Outbox<AgentCommand>;
  readonly #typing: Typist;
  readonly #reading: Reading;
  readonly #changed: () => void;
  /** From where on it is counted what was not read. */
  #counts: "not yet" | "from the last" | "from what was read";
  #draft: string;
  #internalDraft: string;

  /** @internal */
  constructor(work: DeskWork, options: ChatOptions) {
    const { link, kept } = options;
    this.id = work.chat;
    this.work = work;
    this.#link = link;
    this.#changed = () => {
      options.changed();
    };
    this.thread = new Thread(options.clock);
    // What comes first happened before the chat came here.
    this.thread.opened();
    this.files = options.files;
    this.#draft = kept.draft;
    this.#internalDraft = kept.internalDraft;
    this.#counts = kept.read > 0 ? "from what was read" : "not yet";
    const chat = work.chat;
    this.#reading = new Reading(
      Math.max(1, kept.read),
      () => this.thread,
      (position) => link.ask("read", { chat, position }),
    );
    this.#typing = new Typist((started) => {
      link.tell("typing", { chat, started });
    });
    this.#outbox = new Outbox<AgentCommand>({
      newId: () => link.platform.newId(),
      deliver: (item) => this.#deliver(item, options.textBytesMax),
      shows: (command) => command.do === "send" || command.do === "send_rich",
      over: () => this.over !== "",
      changed: () => {
        this.#outbox.settle(this.thread);
        this.#changed();
      },
    });
    // After a reload: what was not answered goes again, with the ids it had.
    this.#outbox.restore(kept.items);
  }

  /** The messages that are not seen in the chat yet, in order, and those that failed. */
  get pending(): readonly AgentItem[] {
    return this.#outbox.shown;
  }

  /** How many messages of others were not read. Of those before the chat came to this window, the last alone counts. */
  get unread(): number {
    return this.#counts === "not yet" ? 0 : this.#reading.unread;
  }

  /** What is written and not sent yet. It survives a reload. */
  get draft(): string {
    return this.#draft;
  }

  set draft(text: string) {
    if (text === this.#draft) return;
    this.#draft = text;
    this.#changed();
  }

  /** The same of what is written to agents alone. It never stands where the customer is written to. */
  get internalDraft(): string {
    return this.#internalDraft;
  }

  set internalDraft(text: string) {
    if (text === this.#internalDraft) return;
    this.#internalDraft = text;
    this.#changed();
  }

  /** Asks for {@link history}: done when the chat comes, and to be done again where it was refused. */
  async fetchHistory(): Promise<void> {
    // A chat that has just come is shown with the others that came.
    const again = this.historyRefused !== "";
    this.historyRefused = "";
    if (again) this.#changed();
    try {
      this.history = await this.#link.insist("history", { chat: this.id });
    } catch (error) {
      if (error instanceof Refused) this.historyRefused = error.code;
      else if (error instanceof Lost) this.historyRefused = "lost";
      else throw error;
    }
    this.#changed();
  }

  /** Sends a message. It is sent once, in order, whatever happens meanwhile; what becomes of it, its `state` tells. */
  send(text: string, messageType?: string): AgentItem {
    this.#typing.stop(true);
    return this.#outbox.push({ do: "send", text, ...(messageType === undefined ? {} : { message_type: messageType }) });
  }

  /** Sends a message that agents alone see: neither the customer nor bots. */
  sendInternal(text: string): AgentItem {
    return this.#outbox.push({ do: "send", text, internal: true });
  }

  /** Sends a rich message; the content is as in the schema of rich messages. */
  sendRich(content: Record<string, unknown>): AgentItem {
    return this.#outbox.push({ do: "send_rich", content });
  }

  /** Sends what failed once more, perhaps with another text. It is something new, after all that was sent since. */
  resend(item: AgentItem, text?: string): AgentItem {
    const { command } = item;
    return this.#outbox.again(item, command.do === "send" && text !== undefined ? { ...command, text } : command);
  }

  /** Takes back what failed. */
  discard(item: AgentItem): void {
    this.#outbox.remove(item);
  }

  /** Tells the others that the agent types: give it all that is in the field, after each change. */
  typing(text: string): void {
    if (this.over === "") this.#typing.changed(text);
  }

  /** The agent has read what was said below an index; by default all of it. The others are told. */
  read(before?: number): void {
    this.#counts = "from what was read";
    if (this.#reading.read(before)) this.#changed();
  }

  /** Attaches data to the chat, which replace what is there under their keys. */
  async attach(data: Record<string, string>): Promise<void> {
    await this.#pushed({ do: "attach", data });
  }

  /** Shows a page to the customer. */
  async pushUrl(url: string): Promise<void> {
    await this.#pushed({ do: "push_url", url });
  }

  /** Tells the others' programs something, which people are not shown. */
  async notice(text: string, messageType?: string): Promise<void> {
    await this.#pushed({ do: "notice", text, ...(messageType === undefined ? {} : { message_type: messageType }) });
  }

  /** @internal What survives a reload. */
  get kept(): KeptChat {
    return {
      items: this.#outbox.items,
      draft: this.#draft,
      internalDraft: this.#internalDraft,
      read: this.#counts === "not yet" ? 0 : this.#reading.position,
    };
  }

  /** @internal Sends what waits. */
  run(): void {
    void this.#outbox.run();
    void this.files.learn();
    this.#reading.tell();
  }

  /** @internal When all that was sent is answered. */
  settled(): Promise<void> {
    return this.#outbox.settled();
  }

  /** @internal Takes what is new. */
  take(frame: Parameters<Thread["take"]>[0]): ReturnType<Thread["take"]> {
    const news = this.thread.take(frame);
    this.#outbox.settle(this.thread);
    // Of what had happened before the chat came to this window, the last that was said is new.
    if (this.#counts === "not yet" || (this.#counts === "from the last" && this.thread.replays)) {
      this.#reading.begin();
      this.#counts = "from the last";
    }
    return news;
  }

  /** @internal It is the agent's, as the server tells it. */
  has(work: DeskWork): void {
    this.work = work;
    // It had ended for them, and they are in it again.
    if (this.over !== "") this.thread.ended = false;
    this.over = "";
  }

  /** @internal It is theirs no longer. */
  end(why: OverWhy): void {
    this.over = why;
    this.leaving = false;
    this.stopTyping();
    this.#outbox.fail("ended");
  }

  /** @internal Says nothing more of typing. */
  stopTyping(): void {
    this.#typing.stop(true);
  }

  #pushed(command: AgentCommand): Promise<void> {
    return this.#outbox.whenDone(this.#outbox.push(command));
  }

  async #deliver(item: AgentItem, textBytesMax: { value: number | null }): Promise<{ index?: number | null }> {
    const max = textBytesMax.value;
    const { do: what, ...fields } = item.command;
    if (max !== null && what === "send" && utf8Bytes((fields as { text: string }).text) > max) {
      throw new Refused({ code: "too_long", message: `A message may have ${max} bytes.`, bytes_max: max });
    }
    try {
      return (await this.#link.insist(what, { ...fields, chat: this.id }, item.id)) as {
        index?: number | null;
      };
    } catch (error) {
      if (error instanceof Refused) textBytesMax.value = error.details.bytes_max ?? max;
      throw error;
    }
  }
}
