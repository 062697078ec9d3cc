// A website with the widget, and a scripted server behind it, inside the browser. All tabs of a window share the server:
// a chat's events, each command once by its number, as a real server keeps them.

import { builtFile } from "./dist.js";

/** Where the website is. */
export const SHOP = "https://shop.test";
/** Where the server is. */
export const NODE = "https://node.test";
/** Another node, which is there for who turns to it. */
export const OTHER = "https://other.test";

/** @typedef {Record<string, any>} Frame */

export const PARTICIPANTS = [
  { number: 1, role: "customer", nickname: "Leonie", user_id: "1", me: true },
  { number: 2, role: "bot", nickname: "Robin", user_id: "2", me: false },
  { number: 3, role: "agent", nickname: "Ann", user_id: "3", me: false },
];

/** A scripted server. */
export class Server {
  /** @type {Frame[]} every command of every tab */
  commands = [];
  /** @type {Frame[]} */
  events = [];
  /** @type {Frame} what `GET /v1/services/NAME` gives; null: the node does not know such a thing */
  service = {};
  /** @type {Set<import("playwright-core").WebSocketRoute>} */
  sockets = new Set();
  /** No socket gets a hello, and those that are there are closed. */
  down = false;
  /** Nodes that give no file and take no socket. @type {string[]} */
  dead = [];
  /** Nodes that the server's own pages may turn to. @type {string[]} */
  nodes = [];
  /** The node of each connection that was opened. @type {string[]} */
  reached = [];
  ended = false;
  /** The server's clock, in milliseconds since 1970. */
  now = () => Date.now();
  /** @type {(command: Frame) => Frame | null | undefined} what is answered instead; null: nothing */
  instead = () => undefined;
  #taken = new Map();
  #next = 1;
  #chats = 0;

  /** @param {import("playwright-core").BrowserContext} context */
  async on(context) {
    await context.route(`${SHOP}/**`, (route) => {
      const path = new URL(route.request().url()).pathname;
      return route.fulfill({ body: this.page(path), contentType: "text/html; charset=utf-8", headers: this.headers });
    });
    for (const node of [NODE, OTHER]) {
      await context.route(`${node}/**`, (route) => this.#serve(route, node));
    }
    await context.routeWebSocket(/(node|other)\.test/, (socket) => this.#connect(socket));
  }

  /** What the website's pages say to the browser beside themselves. @type {Record<string, string>} */
  headers = {};
  /** What a page has in its head. */
  head = `<script async src="${NODE}/widget.js" data-nodes="${OTHER}"></script>`;
  /** A page of the website. @type {(path: string) => string} */
  page = (path) => `<!doctype html><html lang="en"><head><title>Shop</title>
    <meta name="viewport" content="width=device-width, initial-scale=1, interactive-widget=resizes-content" />
    ${this.head}</head><body><main><h1>Shop ${path}</h1><a href="/two">Another page</a></main></body></html>`;

  /**
   * @param {import("playwright-core").Route} route
   * @param {string} node
   */
  #serve(route, node) {
    const url = new URL(route.request().url());
    const { pathname } = url;
    const headers = { "access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin" };
    if (this.dead.includes(node)) return route.abort();
    if (pathname.startsWith("/v1/services/")) {
      return this.service ? route.fulfill({ json: this.service, headers }) : route.fulfill({ status: 404, headers });
    }
    if (pathname.startsWith("/v1/chats/")) return this.files(route, headers);
    return route.fulfill(builtFile(url, this.nodes) ?? { status: 404, headers });
  }

  /**
   * Files over HTTP: what may be sent, and one that is sent.
   * @param {import("playwright-core").Route} route
   * @param {Record<string, string>} headers
   */
  files(route, headers) {
    const limits = { files_max: 5, file_bytes_max: 1000, need_agent: false, types: ["txt", "png"] };
    if (route.request().method() === "OPTIONS") {
      return route.fulfill({ headers: { ...headers, "access-control-allow-headers": "authorization" } });
    }
    if (route.request().method() === "POST") {
      this.say([{ type: "file_uploaded", by: 1, text: "log.txt", file: { id: "f1", bytes: 12 } }]);
      return route.fulfill({ status: 201, json: {}, headers });
    }
    if (!route.request().url().endsWith("/files")) return route.fulfill({ body: "what is in it", headers });
    return route.fulfill({ json: { limits }, headers });
  }

  /** @param {import("playwright-core").WebSocketRoute} socket */
  #connect(socket) {
    const node = new URL(socket.url()).origin.replace("wss:", "https:");
    if (this.down || this.dead.includes(node)) {
      socket.close({ code: 1011 }).catch(() => {});
      return;
    }
    this.reached.push(node);
    this.sockets.add(socket);
    const beat = setInterval(() => this.send(socket, { event: "beat" }), 2000);
    const gone = () => {
      clearInterval(beat);
      this.sockets.delete(socket);
    };
    socket.onClose(gone);
    socket.onMessage((message) => {
      const command = JSON.parse(String(message));
      this.commands.push(command);
      const fields = this.#answer(command, socket);
      if (fields) this.send(socket, { answer: command.id, ok: !fields.error, ...fields });
    });
    this.send(socket, { event: "hello", version: 1, node: 1, nodes: [] });
  }

  /**
   * @param {Frame} command
   * @param {import("playwright-core").WebSocketRoute} socket
   * @returns {Frame | null}
   */
  #answer(command, socket) {
    const instead = this.instead(command);
    if (instead !== undefined) return instead;
    switch (command.do) {
      case "start":
        this.events = [];
        this.#taken.clear();
        this.ended = false;
        this.#chats += 1;
        this.say([{ type: "joined", by: 1 }]);
        return { chat: this.chat, key: "K1", next_command: 1 };
      case "resume":
        setTimeout(
          () => this.send(socket, this.frame(this.events.filter(({ index }) => index >= command.position))),
          5,
        );
        return { next_command: this.#taken.size + 1 };
      case "send":
      case "reply":
        return this.#take(command);
      case "leave":
        this.end();
        return {};
      default:
        return {};
    }
  }

  /** @param {Frame} command */
  #take(command) {
    const before = this.#taken.get(command.number);
    if (before) return before;
    const answer = { index: this.#next, number: command.number };
    this.#taken.set(command.number, answer);
    if (command.do === "send") this.say([{ type: "message", by: 1, text: command.text }]);
    else this.say([{ type: "rich_reply", by: 1, to: command.to, content: command.content, text: "An invoice" }]);
    return answer;
  }

  /**
   * Something happens in the chat; all tabs are told.
   * @param {Frame[]} events
   * @param {Frame} [more]
   */
  say(events, more = {}) {
    const news = events.map((event) => ({
      index: this.#next++,
      at: this.now(),
      message_type: null,
      reason: null,
      ...event,
    }));
    this.events.push(...news);
    setTimeout(() => this.tell({ ...this.frame(news), ...more }), 5);
  }

  /** The id of the latest chat. */
  get chat() {
    return `C${Math.max(1, this.#chats)}`;
  }

  /** The chat ends. */
  end() {
    this.ended = true;
    this.say([{ type: "left", by: 1, reason: "left" }]);
  }

  /**
   * @param {Frame[]} events
   * @returns {Frame}
   */
  frame(events) {
    const { chat, ended } = this;
    return { event: "chat", chat, next: this.#next, ended, events, typing: [], participants: PARTICIPANTS };
  }

  /**
   * To all tabs.
   * @param {Frame} frame
   */
  tell(frame) {
    for (const socket of this.sockets) this.send(socket, frame);
  }

  /**
   * @param {import("playwright-core").WebSocketRoute} socket
   * @param {Frame} frame
   */
  send(socket, frame) {
    try {
      socket.send(JSON.stringify(frame));
    } catch {
      this.sockets.delete(socket);
    }
  }

  /** Closes all sockets. */
  cut() {
    for (const socket of [...this.sockets]) socket.close({ code: 1011 }).catch(() => {});
    this.sockets.clear();
  }

  /**
   * The commands of a kind.
   * @param {string} what
   */
  asked(what) {
    return this.commands.filter((command) => command.do === what);
  }
}

/**
 * A website with the widget in a window of its own.
 * @param {import("playwright-core").Browser} browser
 * @param {{server?: Server, options?: import("playwright-core").BrowserContextOptions, url?: string}} [how]
 */
export async function openShop(browser, { server = new Server(), options = {}, url = `${SHOP}/` } = {}) {
  const context = await browser.newContext({ locale: "en-US", viewport: { width: 1024, height: 760 }, ...options });
  await server.on(context);
  const page = await context.newPage();
  /** @type {string[]} */
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (line) => {
    if (
      line.type() === "error" &&
      !/WebSocket connection|net::ERR_|Failed to load resource|valid digest/.test(line.text())
    ) {
      complaints.push(line.text());
    }
  });
  await page.goto(url);
  return { server, context, page, complaints };
}
