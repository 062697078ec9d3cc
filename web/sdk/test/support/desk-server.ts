// An agent's desk as a server would keep it.

import type { Connection } from "./server.js";
import { FakeServer, type Frame } from "./server.js";

export const PARTICIPANTS = [
  { number: 1, role: "customer", nickname: "Zoë", user_id: "1", me: false },
  { number: 2, role: "agent", nickname: "Ann", user_id: "2", me: true },
];

export class DeskServer extends FakeServer {
  version = 1;
  status: Frame = { state: "not_ready", reason: null };
  work: Frame[] = [];
  /** How often somebody signed in: each gets a token of its own. */
  tokens = 0;
  readonly #taken = new Set<string>();
  #index = 10;
  readonly #signedIn = new Set<Connection>();

  override answer(command: Frame): Frame | null {
    const chat = (work: Frame) => work["chat"] === command["chat"];
    switch (command["do"]) {
      case "sign_in":
        this.tokens += 1;
        return { token: `T${this.tokens}`, nickname: "Ann", capacity: 3, queues: ["support"], grace_ms: 15_000 };
      case "ready":
        return this.#desk({ status: { state: "ready", reason: null } });
      case "not_ready":
        return this.#desk({ status: { state: "not_ready", reason: command["reason"] } });
      case "accept":
        return this.#desk({ work: this.work.map((one) => (chat(one) ? { ...one, stage: "chatting" } : one)) });
      case "decline":
        return this.#desk({ work: this.work.filter((one) => !chat(one)) });
      case "leave":
        return this.#desk({ work: this.work.map((one) => (chat(one) ? { ...one, stage: "over", why: "left" } : one)) });
      case "history":
        return { contact: null, records: [{ chat: "R1", started_at: 1, subject: "Shoes" }], hidden: false };
      case "transcript":
        return { record: { events: [] }, next: null };
      case "send":
      case "send_rich":
        return this.said(command);
      default:
        return {};
    }
  }

  override answered(command: Frame, connection: Connection): void {
    if (command["do"] === "sign_in") {
      this.#signedIn.add(connection);
      if (command["version"] !== this.version) this.show(connection);
    } else if (this.#signedIn.size > 0) this.showAll();
  }

  override closed(connection: Connection): void {
    super.closed(connection);
    this.#signedIn.delete(connection);
  }

  /** Each id once. */
  said(command: Frame): Frame {
    const id = String(command["id"]);
    if (!this.#taken.has(id)) {
      this.#taken.add(id);
      this.#index += 1;
      this.tell(String(command["chat"]), [{ index: this.#index, type: "message", by: 2, text: command["text"] }]);
    }
    return { index: this.#index };
  }

  #desk(change: { status?: Frame; work?: Frame[] }): Frame {
    Object.assign(this, change);
    this.version += 1;
    return { version: this.version };
  }

  show(connection: Connection): void {
    const { version, status, work } = this;
    connection.send({ event: "desk", version, status, work: structuredClone(work) });
  }

  showAll(): void {
    for (const connection of this.#signedIn) this.show(connection);
  }

  /** A chat comes to the agent. */
  offer(chat: string, stage = "offered", left_ms = 20_000): void {
    const customer = { nickname: `Zoë ${chat}`, subject: "My order", since: 0, priority: 0, data: { order: "42" } };
    this.work = [...this.work, { chat, queue: "support", stage, left_ms, until: 0, customer }];
    this.version += 1;
    this.showAll();
  }

  /** A chat is no longer as it was. */
  changes(chat: string, fields: Frame): void {
    this.work = this.work.map((one) => (one["chat"] === chat ? { ...one, ...fields } : one));
    this.version += 1;
    this.showAll();
  }

  /** Something happens in a chat. */
  tell(chat: string, events: Frame[], more: Frame = {}): void {
    const timed = events.map((event) => ({ at: Date.now(), ...event }));
    const next = Number(events.at(-1)?.["index"] ?? 0) + 1;
    const frame = { event: "chat", chat, next, ended: false, events: timed, typing: [], participants: PARTICIPANTS };
    for (const connection of this.#signedIn) connection.send({ ...frame, ...more });
  }
}
