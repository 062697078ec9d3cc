// What is to be sent in one chat and is not yet seen in it, in order; one at a time is on its way.

import { Lost, Refused } from "./errors.js";
import type { Thread } from "./thread.js";

/** How it stands with something that is sent: on its way, in the chat, or refused for good. */
export type ItemState = "waiting" | "sent" | "failed";

/** Something that is sent. Messages are listed until they are seen in the chat, and until they are taken back if they failed. */
export interface Item<Command = object> {
  /** This client's own. */
  readonly id: string;
  /** What is asked of the server. */
  readonly command: Command;
  state: ItemState;
  /** Why it failed: the code of the refusal. */
  reason?: string;
  /** Its index in the chat, once it is sent. */
  index?: number;
  /** Customers: its number, the same over all repeats. */
  number?: number;
  /** Customers: whose number it is, this run's or after a reload the one before. */
  run?: string;
}

/** What an outbox asks and tells. */
export interface OutboxOptions<Command> {
  newId(): string;
  /** Resolves to the answer, rejects when it is refused for good. */
  deliver(item: Item<Command>): Promise<{ index?: number | null }>;
  /** Whether people see it: then it stays until it is in the chat, and as failed when it was refused. */
  shows(command: Command): boolean;
  /** Whether no more is ever sent; then what waits fails. */
  over(): boolean;
  changed(): void;
}

interface Waiter {
  resolve(): void;
  reject(error: Error): void;
}

export class Outbox<Command> {
  #items: Item<Command>[] = [];
  readonly #options: OutboxOptions<Command>;
  readonly #waiters = new Map<string, Waiter>();
  #idle: (() => void)[] = [];
  #busy = false;

  constructor(options: OutboxOptions<Command>) {
    this.#options = options;
  }

  /** All that is to be sent, in order, and what failed. */
  get items(): readonly Item<Command>[] {
    return this.#items;
  }

  /** Those that people see. */
  get shown(): Item<Command>[] {
    return this.#items.filter(({ command }) => this.#options.shows(command));
  }

  /** What was there before a reload: what was not seen in the chat goes again, with the ids and numbers that it had. */
  restore(items: readonly Item<Command>[]): void {
    this.#items = items.map((kept) => {
      const item = { ...kept };
      delete item.index;
      if (item.state === "sent") item.state = "waiting";
      return item;
    });
  }

  push(command: Command): Item<Command> {
    const item: Item<Command> = { id: this.#options.newId(), command, state: "waiting" };
    this.#items.push(item);
    this.#options.changed();
    void this.run();
    return item;
  }

  /** When something that was just pushed is done. Rejects with the refusal, or `Lost` where the chat is left alone before. */
  whenDone(item: Item<Command>): Promise<void> {
    return new Promise<void>((resolve, reject) => this.#waiters.set(item.id, { resolve, reject }));
  }

  /** Sends a failed one once more, perhaps another text: at the end, as something new. */
  again(item: Item<Command>, command: Command = item.command): Item<Command> {
    this.remove(item);
    return this.push(command);
  }

  /** Takes back one that failed. One that is on its way may be in the chat already. */
  remove(item: Item<Command>): void {
    if (item.state !== "failed") throw new TypeError("Only what has failed can be taken back or sent again.");
    this.#drop(item);
    this.#options.changed();
  }

  /** Sends what waits, as long as that works. */
  async run(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let item = this.#next(); item && (await this.#deliver(item));) item = this.#next();
    } finally {
      this.#busy = false;
      if (!this.#next()) for (const done of this.#idle.splice(0)) done();
    }
  }

  /** When all that was pushed is answered. */
  async settled(): Promise<void> {
    if (this.#next()) await new Promise<void>((done) => this.#idle.push(done));
  }

  /** Takes out what is in the chat now. */
  settle(thread: Thread): void {
    this.#items = this.#items.filter(({ index }) => index === undefined || index >= thread.next);
  }

  /** Nothing is sent any more: what waits has failed. */
  fail(reason: string): void {
    for (const item of this.#items.filter(({ state }) => state === "waiting"))
      this.#failed(item, new Refused({ code: reason }));
  }

  /** Forgets all of it. */
  clear(): void {
    this.#items = [];
    for (const id of [...this.#waiters.keys()]) this.#waiter(id)?.reject(new Lost("The chat was left alone."));
  }

  #next(): Item<Command> | undefined {
    return this.#items.find(({ state }) => state === "waiting");
  }

  async #deliver(item: Item<Command>): Promise<boolean> {
    try {
      const { index } = await this.#options.deliver(item);
      // The end of the chat may have come in between: it is in the chat all the same.
      if (this.#items.includes(item)) this.#sent(item, index ?? undefined);
    } catch (error) {
      if (error instanceof Refused) this.#failed(item, error);
      else if (!(error instanceof Lost)) throw error;
      else if (!this.#options.over()) return false;
      else this.#failed(item, new Refused({ code: "ended" }));
    }
    this.#options.changed();
    return true;
  }

  #sent(item: Item<Command>, index: number | undefined): void {
    item.state = "sent";
    delete item.reason;
    if (index === undefined || !this.#options.shows(item.command)) this.#drop(item);
    else item.index = index;
    this.#waiter(item.id)?.resolve();
  }

  #failed(item: Item<Command>, error: Refused): void {
    item.state = "failed";
    item.reason = error.code;
    if (!this.#options.shows(item.command)) this.#drop(item);
    this.#waiter(item.id)?.reject(error);
  }

  #drop(item: Item<Command>): void {
    this.#items = this.#items.filter((one) => one !== item);
  }

  #waiter(id: string): Waiter | undefined {
    const waiter = this.#waiters.get(id);
    this.#waiters.delete(id);
    return waiter;
  }
}
