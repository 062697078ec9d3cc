// One address in front of several: connections go to the first target that takes them, as a balancer would send them.

import { connect, createServer } from "node:net";

export class Relay {
  /**
   * Each client's connection and where it goes.
   * @type {Map<import("node:net").Socket, URL>}
   */
  #open = new Map();

  /** @param {string[]} urls in the order in which they are tried */
  constructor(urls) {
    this.targets = urls.map((url) => new URL(url));
    this.server = createServer((client) => this.#join(client, 0));
  }

  /** Listens; gives its own address. */
  async start() {
    await new Promise((done) => this.server.listen(0, "127.0.0.1", () => done(null)));
    const { port } = /** @type {import("node:net").AddressInfo} */ (this.server.address());
    return `http://127.0.0.1:${port}`;
  }

  /** Ends all connections; new ones come as before. */
  cut() {
    for (const socket of this.#open.keys()) socket.destroy();
  }

  /**
   * As a balancer does whose checks of a target fail: ends its connections, and sends nobody there any more.
   * @param {string} url
   */
  leave(url) {
    const left = new URL(url).href;
    this.targets = this.targets.filter(({ href }) => href !== left);
    for (const [socket, { href }] of this.#open) if (href === left) socket.destroy();
  }

  stop() {
    this.cut();
    this.server.close();
  }

  /**
   * @param {import("node:net").Socket} client
   * @param {number} at
   */
  #join(client, at) {
    const target = this.targets[at];
    if (!target) {
      client.destroy();
      return;
    }
    const node = connect(Number(target.port), target.hostname);
    let joined = false;
    node.once("connect", () => {
      joined = true;
      this.#open.set(client, target);
      client.pipe(node).pipe(client);
    });
    node.on("error", () => (joined ? client.destroy() : this.#join(client, at + 1)));
    client.on("error", () => node.destroy());
    client.on("close", () => {
      this.#open.delete(client);
      node.destroy();
    });
  }
}
