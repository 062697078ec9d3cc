// One address in front of several: connections go to the first target that takes them, as a balancer would send them.
// What goes through can be lost, one way or both, and slow.

import { connect, createServer } from "node:net";

/** @typedef {import("node:net").Socket} Socket */
/** @typedef {"out" | "in"} Way what the page sends, or what it is sent */

/** A mobile phone far from everything: half of its round trip, and what goes through in a second. */
export const SLOW = { delayMs: 200, bytesPerSecond: 50_000 };

export class Relay {
  /** @type {Set<Line>} */
  #open = new Set();
  /** @type {Set<Way>} */
  #loses = new Set();
  /** How many connections came so far. */
  count = 0;
  /** How fast it is; null: as fast as it can be. */
  pace = /** @type {typeof SLOW | null} */ (null);

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
    for (const line of this.#open) line.cut();
  }

  /**
   * As a balancer does whose checks of a target fail: ends its connections, and sends nobody there any more.
   * @param {string} url
   */
  leave(url) {
    const left = new URL(url).href;
    this.targets = this.targets.filter(({ href }) => href !== left);
    for (const line of this.#open) if (line.target === left) line.cut();
  }

  /**
   * What goes this way is lost, of all connections that are there and of those that come, and neither end is told.
   * @param {Way[]} ways
   */
  lose(...ways) {
    for (const way of ways) this.#loses.add(way);
    for (const line of this.#open) line.lose(this.#loses);
  }

  /** Nothing more is lost, of new connections: what has lost something can't be mended. */
  mend() {
    this.#loses.clear();
  }

  stop() {
    this.cut();
    this.server.close();
  }

  /**
   * @param {Socket} client
   * @param {number} at
   */
  #join(client, at) {
    const target = this.targets[at];
    if (at === 0) this.count += 1;
    if (!target) {
      client.destroy();
      return;
    }
    const node = connect(Number(target.port), target.hostname);
    /** @type {Line | null} */
    let line = null;
    node.once("connect", () => {
      const joined = new Line(client, node, target.href, () => this.pace);
      line = joined;
      joined.lose(this.#loses);
      this.#open.add(joined);
      node.on("close", () => this.#open.delete(joined));
    });
    node.on("error", () => (line ? line.broke("in") : this.#join(client, at + 1)));
    client.on("error", () => undefined);
    client.on("close", () => (line ? line.broke("out") : node.destroy()));
  }
}

/** One connection through it. */
class Line {
  /** @type {Set<Way>} */
  #lost = new Set();

  /**
   * @param {Socket} client
   * @param {Socket} node
   * @param {string} target the node's address
   * @param {() => typeof SLOW | null} pace
   */
  constructor(client, node, target, pace) {
    this.client = client;
    this.node = node;
    this.target = target;
    this.pace = pace;
    this.#carry("out", client, node);
    this.#carry("in", node, client);
  }

  /** @param {Iterable<Way>} ways */
  lose(ways) {
    for (const way of ways) this.#lost.add(way);
  }

  /**
   * The end broke that goes this way; the other one need not hear of it.
   * @param {Way} way
   */
  broke(way) {
    if (!this.#lost.has(way)) this.cut();
  }

  cut() {
    this.client.destroy();
    this.node.destroy();
  }

  /**
   * @param {Way} way
   * @param {Socket} from
   * @param {Socket} to
   */
  #carry(way, from, to) {
    let before = Promise.resolve();
    const put = (/** @type {number} */ bytes, /** @type {() => void} */ act) => {
      const pace = this.pace();
      const arrives = performance.now() + (pace?.delayMs ?? 0);
      before = before.then(async () => {
        if (pace) {
          // As many as go through in a second go through in a second, and each is on its way for a while.
          const sent = (1000 * bytes) / pace.bytesPerSecond;
          await new Promise((done) => setTimeout(done, Math.max(sent, arrives - performance.now())));
        }
        if (!this.#lost.has(way)) act();
      });
    };
    from.on("data", (bytes) => put(bytes.length, () => to.write(bytes)));
    from.on("end", () => put(0, () => to.end()));
  }
}
