// The agents' desk as it is built, against a scripted server: web/dist from disk under the policy that it has to do with, and
// a desk as a server would keep it.

import { builtFile } from "./dist.js";
import { Socket } from "./socket.js";

/** @typedef {Record<string, any>} Frame */

/** Where the page believes to be: a secure origin, as locks and notifications want one. */
export const DESK_SITE = "https://desk.test";

export const PARTICIPANTS = [
  { number: 1, role: "customer", nickname: "Zoë", user_id: "1", me: false },
  { number: 2, role: "agent", nickname: "Ann", user_id: "2", me: true },
  { number: 3, role: "bot", nickname: "Robin", user_id: "3", me: false },
];

const CHANNEL = {
  name: "native",
  files: null,
  receipts: true,
  rich: [],
  text_bytes_max: 0,
  typing: true,
  window: null,
};

/** A desk as a server keeps it, for all of its windows. */
export class DeskServer {
  /** @type {Socket[]} oldest first */
  sockets = [];
  /** No new socket gets a word. */
  down = false;
  version = 1;
  /** The server's clock, in milliseconds since 1970. */
  now = () => Date.now();
  status = { state: "ready", reason: "" };
  supervisor = false;
  /** How long chats stay an agent's who is gone. */
  graceMs = 15_000;
  capacity = 3;
  queues = ["support", "sales"];
  /** @type {Frame[]} */
  work = [];
  /** @type {Map<string, Frame[]>} */
  events = new Map();
  /** @type {Map<string, Frame>} */
  more = new Map();
  /** @type {Map<string, number>} */
  #next = new Map();
  /** @type {Frame | null} */
  overview = null;
  /** @type {Frame[]} the queues in which somebody waits or waited */
  waiting = [];
  /** @type {Frame} */
  history = { contact: null, records: [], hidden: false };
  /** @type {Frame | null} */
  fileLimits = null;
  /** @type {(command: Frame, socket: Socket) => Frame | null | undefined} what is answered instead; null: nothing */
  instead = () => undefined;
  /** @type {(request: import("playwright-core").Route) => Promise<void> | undefined} */
  files = () => undefined;

  /** @param {import("playwright-core").BrowserContext} context */
  async serve(context) {
    await context.route(`${DESK_SITE}/**`, (route) => {
      const url = new URL(route.request().url());
      const { pathname } = url;
      if (pathname.startsWith("/v1/chats/")) {
        return this.files(route) ?? route.fulfill({ json: { limits: this.fileLimits, files: [] } });
      }
      return route.fulfill(builtFile(url) ?? { status: 404 });
    });
    await context.routeWebSocket(/desk\.test/, (route) => this.#connect(route));
  }

  stop() {
    for (const socket of this.sockets) clearInterval(socket.beat);
  }

  /** The newest connection. */
  get last() {
    return /** @type {Socket} */ (this.sockets.at(-1));
  }

  /** @param {string} what */
  commands(what) {
    return this.sockets.flatMap(({ commands }) => commands.filter((command) => command.do === what));
  }

  /** All connections are lost, and none comes. */
  break() {
    this.down = true;
    for (const socket of this.sockets) socket.close();
  }

  /**
   * @param {string} chat
   * @param {Frame} [customer]
   * @param {Frame} [more]
   */
  offer(chat, customer = {}, more = {}) {
    const shown = {
      nickname: "Zoë",
      subject: "My order",
      since: this.now() - 61_000,
      priority: 0,
      data: {},
      left_out: 0,
    };
    const work = { chat, queue: "support", stage: "offered", left_ms: 20_000, until: this.now() + 20_000, ...more };
    this.work.push({ ...work, customer: { ...shown, verified: true, ...customer } });
    this.desk();
  }

  /**
   * A chat that the agent has.
   * @param {string} chat
   * @param {Frame[]} [events] without their indexes
   * @param {Frame} [customer]
   * @param {Frame} [more]
   */
  chat(chat, events = [], customer = {}, more = {}) {
    const who = [{ ...PARTICIPANTS[0], nickname: customer.nickname ?? "Zoë" }, ...PARTICIPANTS.slice(1)];
    this.more.set(chat, { participants: who, channel: CHANNEL });
    this.events.set(chat, []);
    this.offer(chat, customer, { stage: "chatting", ...more });
    this.happens(chat, [{ type: "joined", by: 1 }, { type: "joined", by: 2 }, ...events]);
  }

  /**
   * @param {string} chat
   * @param {Frame[]} events
   */
  happens(chat, events) {
    const known = this.events.get(chat) ?? [];
    const from = this.#index(chat, events.length);
    const plain = { message_type: null, reason: null, text: null };
    const made = events.map((event, n) => ({ ...plain, at: this.now(), index: from + n, ...event }));
    const first = known.length === 0 ? this.more.get(chat) : undefined;
    known.push(...made);
    this.events.set(chat, known);
    for (const socket of this.sockets) this.#tell(socket, chat, made, first ?? {});
    return made;
  }

  /**
   * @param {string} chat
   * @param {string} preview
   */
  types(chat, preview) {
    const index = this.#index(chat, 1);
    const typing = [{ at: this.now(), by: 1, index, preview, started: true }];
    for (const socket of this.sockets) this.#tell(socket, chat, [], { typing });
  }

  /**
   * The first of so many indexes that nothing had before.
   * @param {string} chat
   * @param {number} count
   */
  #index(chat, count) {
    const first = this.#next.get(chat) ?? 1;
    this.#next.set(chat, first + count);
    return first;
  }

  /** The desk as it is now, to all windows. */
  desk() {
    this.version += 1;
    for (const socket of this.sockets) this.#desk(socket);
  }

  /** The overview as it is now, to all who see it. */
  overviewChanged() {
    if (this.overview) for (const socket of this.sockets) socket.send({ event: "overview", ...this.overview });
  }

  /** @param {Socket} socket */
  #desk(socket) {
    const { version, status } = this;
    socket.send({ event: "desk", version, status, work: structuredClone(this.work) });
  }

  /**
   * @param {Socket} socket
   * @param {string} chat
   * @param {Frame[]} events
   * @param {Frame} more
   */
  #tell(socket, chat, events, more) {
    const next = ((events.at(-1) ?? this.events.get(chat)?.at(-1))?.index ?? 0) + 1;
    socket.send({ event: "chat", chat, next, ended: false, events, typing: [], ...more });
  }

  /** @param {import("playwright-core").WebSocketRoute} route */
  #connect(route) {
    if (this.down) {
      route.close({ code: 1011 }).catch(() => {});
      return;
    }
    const socket = new Socket(route);
    this.sockets.push(socket);
    route.onMessage((message) => {
      const command = JSON.parse(String(message));
      socket.commands.push(command);
      const fields = this.instead(command, socket) ?? this.#answer(command);
      if (this.instead(command, socket) === null) return;
      socket.send({ answer: command.id, ok: !fields.error, ...fields });
      this.#follow(command, socket);
    });
    route.onClose(() => clearInterval(socket.beat));
    socket.send({ event: "hello", version: 1, node: 1, nodes: [] });
  }

  /**
   * @param {Frame} command
   * @returns {Frame}
   */
  #answer(command) {
    const at = this.work.find(({ chat }) => chat === command.chat);
    switch (command.do) {
      case "sign_in": {
        const { capacity, queues, supervisor, graceMs } = this;
        return { token: "T1", nickname: "Ann", capacity, queues, supervisor, grace_ms: graceMs };
      }
      case "ready":
        this.status = { state: "ready", reason: "" };
        break;
      case "not_ready":
        this.status = { state: "not_ready", reason: command.reason };
        break;
      case "sign_out":
        this.status = { state: "signed_out", reason: "" };
        break;
      case "accept":
        if (at) at.stage = "chatting";
        break;
      case "decline":
        this.work = this.work.filter((one) => one !== at);
        break;
      case "leave":
        if (at) Object.assign(at, { stage: "over", why: "left" });
        break;
      case "send": {
        const internal = command.internal === true ? { internal: true } : {};
        const [event] = this.happens(command.chat, [{ type: "message", by: 2, text: command.text, ...internal }]);
        return { index: event.index };
      }
      case "history":
        return this.history;
    }
    return { version: this.version + 1 };
  }

  /**
   * What comes after an answer.
   * @param {Frame} command
   * @param {Socket} socket
   */
  #follow(command, socket) {
    if (command.do === "sign_in") {
      this.#desk(socket);
      for (const { chat, stage } of this.work) {
        const from = command.positions?.[chat] ?? 0;
        const events = (this.events.get(chat) ?? []).filter(({ index }) => index >= from);
        if (stage === "chatting") this.#tell(socket, chat, events, this.more.get(chat) ?? {});
      }
    }
    if (["ready", "not_ready", "accept", "decline", "leave"].includes(command.do)) this.desk();
    if (command.do === "accept") {
      const events = this.events.get(command.chat) ?? [];
      this.#tell(socket, command.chat, events, this.more.get(command.chat) ?? {});
    }
    if (command.do === "watch_queues" && command.on) {
      socket.send({ event: "queues", at: this.now(), partial: false, queues: this.waiting });
    }
    if (command.do === "oversee" && command.on && this.overview) socket.send({ event: "overview", ...this.overview });
  }
}
