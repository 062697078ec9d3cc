// A desk as a server would keep it, for the real client: offers and chats with their events.

import { AgentDesk, memoryStore, type Store } from "@handoff/sdk";
import { vi } from "vitest";
import type { Connection } from "../../../sdk/test/support/server.js";
import { FakeServer, type Frame } from "../../../sdk/test/support/server.js";
import { Desk } from "../../src/model/desk.js";
import { forgetful, type Storage } from "../../src/model/keeping.js";
import { loadTexts } from "../../src/words/all.js";
import { sayIn } from "../../src/words/say.js";

const PEOPLE = [
  { number: 1, role: "customer", nickname: "Zoë", user_id: "1", me: false },
  { number: 2, role: "agent", nickname: "Ann", user_id: "2", me: true },
  { number: 3, role: "bot", nickname: "Robin", user_id: "3", me: false },
];

export class DeskServer extends FakeServer {
  status: Frame = { state: "ready", reason: "" };
  supervisor = false;
  work: Frame[] = [];
  readonly events = new Map<string, Frame[]>();
  #version = 0;

  override answer(command: Frame): Frame | null {
    const at = this.work.find(({ chat }) => chat === command["chat"]);
    switch (command["do"]) {
      case "sign_in":
        return {
          token: "T1",
          nickname: "Ann",
          capacity: 3,
          queues: ["support"],
          supervisor: this.supervisor,
          grace_ms: 15_000,
        };
      case "ready":
        this.status = { state: "ready", reason: "" };
        break;
      case "not_ready":
        this.status = { state: "not_ready", reason: command["reason"] };
        break;
      case "accept":
        if (at) at["stage"] = "chatting";
        break;
      case "decline":
        this.work = this.work.filter((one) => one !== at);
        break;
      case "leave":
        if (at) Object.assign(at, { stage: "over", why: "left" });
        break;
      case "send": {
        const [event] = this.happens(String(command["chat"]), {
          type: "message",
          by: 2,
          text: command["text"],
          ...(command["internal"] === true && { internal: true }),
        });
        return { index: event?.["index"] };
      }
      case "history":
        return { contact: null, records: [], hidden: false };
    }
    return { version: this.#version + 1 };
  }

  override answered(command: Frame, connection: Connection): void {
    if (command["do"] === "sign_in") {
      this.#desk(connection);
      const positions = (command["positions"] ?? {}) as Record<string, number>;
      for (const [chat, events] of this.events) {
        const news = events.filter(({ index }) => Number(index) >= (positions[chat] ?? 1));
        this.#tell(connection, chat, news, true);
      }
    } else if (["ready", "not_ready", "accept", "decline", "leave"].includes(String(command["do"]))) this.desk();
  }

  /** The desk as it is now, to all windows. */
  desk(): void {
    for (const connection of this.connections) this.#desk(connection);
  }

  offer(chat: string, name = "Zoë", more: Frame = {}): void {
    const customer = { nickname: name, subject: "My order", since: Date.now(), priority: 0, data: {}, left_out: 0 };
    const until = Date.now() + 20_000;
    this.work.push({ chat, queue: "support", stage: "offered", left_ms: 20_000, until, customer, ...more });
    this.desk();
  }

  chat(chat: string, ...events: Frame[]): void {
    this.offer(chat, `Zoë ${chat}`, { stage: "chatting" });
    this.happens(chat, { type: "joined", by: 1 }, { type: "joined", by: 2 }, ...events);
  }

  happens(chat: string, ...events: Frame[]): Frame[] {
    const known = this.events.get(chat) ?? [];
    const plain = { message_type: null, reason: null, text: null };
    const made = events.map((event, n) => ({ ...plain, at: Date.now(), index: known.length + n + 1, ...event }));
    this.events.set(chat, [...known, ...made]);
    for (const connection of this.connections) this.#tell(connection, chat, made, known.length === 0);
    return made;
  }

  #desk(connection: Connection): void {
    this.#version += 1;
    const { status, work } = this;
    connection.send({ event: "desk", version: this.#version, status, work: structuredClone(work) });
  }

  #tell(connection: Connection, chat: string, events: Frame[], first: boolean): void {
    const next = Number(events.at(-1)?.["index"] ?? 0) + 1;
    const people = first ? { participants: PEOPLE } : {};
    connection.send({ event: "chat", chat, next, ended: false, events, typing: [], ...people });
  }
}

export interface Made {
  readonly server: DeskServer;
  readonly sdk: AgentDesk;
  readonly desk: Desk;
}

export interface Kept {
  readonly store?: Store;
  readonly tab?: Storage;
  readonly local?: Storage;
}

/** A desk that is signed in, and its server. */
export async function signedIn(server = new DeskServer(), kept: Kept = {}): Promise<Made> {
  const { WebSocket, fetch } = server;
  const store = kept.store ?? memoryStore();
  const sdk = new AgentDesk({ nodes: ["http://one.test"], store, WebSocket, fetch, transport: "websocket" });
  const { tab = forgetful(), local = forgetful() } = kept;
  const desk = new Desk({ sdk, say: sayIn("en", await loadTexts("en")), language: "en", tab, local });
  if (sdk.phase === "out") sdk.signIn("ann", "secret");
  await passes(100);
  return { server, sdk, desk };
}

/** Time goes on, and what is due is done. */
export async function passes(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}
