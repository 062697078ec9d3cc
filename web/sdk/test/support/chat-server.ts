// A customer's chat as a server would keep it: each number once, all events to whoever follows it.

import type { Connection } from "./server.js";
import { FakeServer, type Frame } from "./server.js";

export const PARTICIPANTS = [
  { number: 1, role: "customer", nickname: "Zoë", user_id: "1", me: true },
  { number: 2, role: "bot", nickname: "Robin", user_id: "2", me: false },
  { number: 3, role: "agent", nickname: "Ann", user_id: "3", me: false },
];

export class ChatServer extends FakeServer {
  /** The texts that were said by the customer, in order, each as often as it was taken. */
  readonly texts: string[] = [];
  readonly events: Frame[] = [];
  /** Who types, to whoever comes. */
  typing: Frame[] = [];
  ended = false;
  /** How the server's clock differs from the client's. */
  aheadMs = 0;
  readonly #taken = new Map<number, Frame>();
  readonly #followers = new Map<Connection, number>();
  #next = 1;

  /** One past the last index. */
  get next(): number {
    return this.#next;
  }

  get now(): number {
    return Date.now() + this.aheadMs;
  }

  override closed(connection: Connection): void {
    super.closed(connection);
    this.#followers.delete(connection);
  }

  override answer(command: Frame): Frame | null {
    if (command["do"] === "start") {
      if (this.events.length === 0) this.happens({ type: "joined", by: 1 });
      return { chat: "C1", key: "K1", next_command: this.#taken.size + 1 };
    }
    if (command["do"] === "resume") return { next_command: this.#taken.size + 1 };
    return "number" in command ? this.numbered(command) : {};
  }

  override answered(command: Frame, connection: Connection): void {
    if (command["do"] !== "start" && command["do"] !== "resume") return;
    this.#followers.set(connection, Number(command["position"] ?? 1));
    this.#show(connection, { participants: PARTICIPANTS, typing: this.typing });
  }

  /** Takes a command with a number, each once. */
  numbered(command: Frame): Frame {
    const number = Number(command["number"]);
    const before = this.#taken.get(number);
    if (before) return before;
    const expected = this.#taken.size + 1;
    if (number !== expected) {
      return { error: { code: "expected", message: "another number", retry: false, expected } };
    }
    const answer = { index: this.#next, number };
    this.#taken.set(number, answer);
    this.#do(command);
    return answer;
  }

  #do(command: Frame): void {
    const { do: what, text } = command;
    if (what === "send") {
      this.texts.push(String(text));
      this.happens({ type: "message", by: 1, text });
    } else if (what === "reply") this.happens({ type: "rich_reply", by: 1, to: command["to"], text: "in words" });
    else if (what === "rename") this.happens({ type: "renamed", by: 1, text: command["nickname"] });
    else if (what === "leave") {
      this.ended = true;
      this.happens({ type: "left", by: 1, reason: "left" });
    }
  }

  /** Something happens in the chat. */
  happens(...events: Frame[]): void {
    for (const event of events) this.events.push({ at: this.now, ...event, index: this.#next++ });
    for (const connection of this.#followers.keys()) this.#show(connection);
  }

  /** Somebody types, or no longer. */
  types(by: number, started = true, more: Frame = {}): Frame {
    const typing = { at: this.now, by, started, preview: null, ...more, index: this.#next++ };
    for (const connection of this.#followers.keys()) this.#show(connection, { typing: [typing] });
    return typing;
  }

  #show(connection: Connection, more: Frame = {}): void {
    const position = this.#followers.get(connection) ?? 1;
    const events = this.events.filter((event) => Number(event["index"]) >= position);
    this.#followers.set(connection, this.#next);
    const { ended } = this;
    connection.send({ event: "chat", chat: "C1", next: this.#next, ended, events, typing: [], ...more });
  }
}
