// A server that says what a test wants, inside the browser: the pages' files from disk, and a scripted end of their socket.
// For what is hard to bring about with real nodes, and for looking at the pages as pictures.

import { readFileSync } from "node:fs";
import { dirname, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const WEB = resolve(dirname(fileURLToPath(import.meta.url)), "../../../web");
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

/** Where the pages believe to be. */
export const SITE = "http://handoff.test";

/** @typedef {Record<string, any>} Frame */

/** One connection of a page. */
export class Socket {
  /** @type {Frame[]} every command it sent */
  commands = [];

  /** @param {import("playwright-core").WebSocketRoute} route */
  constructor(route) {
    this.route = route;
    this.beat = setInterval(() => this.send({ event: "beat" }), 2000);
  }

  /** @param {Frame} frame */
  send(frame) {
    try {
      this.route.send(JSON.stringify(frame));
    } catch {
      clearInterval(this.beat);
    }
  }

  /** @param {number} [code] */
  close(code = 1011) {
    clearInterval(this.beat);
    this.route.close({ code }).catch(() => {});
  }
}

export class Fake {
  /** @type {Socket[]} oldest first */
  sockets = [];
  /** No new socket gets a hello. */
  down = false;

  /**
   * @param {import("playwright-core").Page} page
   * @param {(command: Frame, socket: Socket) => Frame | null | undefined} answer fields of a success; `error` for a refusal; null: none
   */
  static async on(page, answer) {
    const fake = new Fake();
    await page.route(`${SITE}/**`, (route) => {
      const { pathname } = new URL(route.request().url());
      // A node where files are switched off.
      if (pathname.startsWith("/v1/chats/")) return route.fulfill({ json: { limits: null, files: [] } });
      const file = { "/": "customer.html", "/agent": "agent.html" }[pathname] ?? pathname.replace("/web/", "");
      const contentType = TYPES[/** @type {keyof typeof TYPES} */ (extname(file))];
      return route.fulfill({ body: readFileSync(join(WEB, file)), contentType });
    });
    await page.routeWebSocket(/handoff\.test/, (route) => fake.#connect(route, answer));
    return fake;
  }

  /**
   * @param {import("playwright-core").WebSocketRoute} route
   * @param {(command: Frame, socket: Socket) => Frame | null | undefined} answer
   */
  #connect(route, answer) {
    if (this.down) {
      route.close({ code: 1011 }).catch(() => {});
      return;
    }
    const socket = new Socket(route);
    this.sockets.push(socket);
    route.onMessage((message) => {
      const command = JSON.parse(String(message));
      socket.commands.push(command);
      const fields = answer(command, socket);
      if (fields) socket.send({ answer: command.id, ok: !fields.error, ...fields });
    });
    route.onClose(() => clearInterval(socket.beat));
    socket.send({ event: "hello", version: 1, node: this.sockets.length });
  }

  get last() {
    return this.sockets[this.sockets.length - 1];
  }

  stop() {
    for (const socket of this.sockets) clearInterval(socket.beat);
  }
}
