// The scripted end of a page's socket.

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
