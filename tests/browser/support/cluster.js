// Real nodes on ports of their own, with a data folder that goes when the test is over.

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync, existsSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "./browser.js";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
/** Where things are built. */
export const TARGET = process.env.CARGO_TARGET_DIR ?? join(ROOT, "target");
const BINARY = process.env.HANDOFF_BINARY ?? join(TARGET, "release/handoff");

class Node {
  /** @type {import("node:child_process").ChildProcess | null} */
  child = null;

  /**
   * @param {number} id
   * @param {string} folder
   * @param {{http: number, admin: number, peer: number}} ports
   */
  constructor(id, folder, ports) {
    this.id = id;
    this.folder = folder;
    this.ports = ports;
    this.url = `http://127.0.0.1:${ports.http}`;
  }

  /** Starts it, for the first time or once more. */
  start() {
    const log = openSync(join(this.folder, "log"), "a");
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("HANDOFF_")));
    const child = spawn(BINARY, ["serve", "--config", join(this.folder, "config.toml")], {
      stdio: ["ignore", log, log],
      env,
    });
    this.child = child;
  }

  async ready() {
    await until(`node ${this.id} is ready`, async () => {
      if (this.child?.exitCode !== null) throw new Error(`node ${this.id} ended while starting:\n${this.log()}`);
      return fetch(`${this.url}/health/ready`).then(
        (answer) => answer.ok,
        () => false,
      );
    });
  }

  /** SIGKILL, and it is gone when this resolves. */
  async kill() {
    await this.#end("SIGKILL");
  }

  /** SIGTERM: it drains, and is gone when this resolves. */
  async drain() {
    await this.#end("SIGTERM");
  }

  /** @param {"SIGKILL" | "SIGTERM"} signal */
  async #end(signal) {
    const child = this.child;
    if (!child) return;
    this.child = null;
    const gone = new Promise((done) => child.once("exit", done));
    child.kill(signal);
    await gone;
  }

  /** SIGSTOP: it hangs, and its connections stay open. */
  pause() {
    this.child?.kill("SIGSTOP");
  }

  /** SIGCONT. */
  resume() {
    this.child?.kill("SIGCONT");
  }

  log() {
    return readFileSync(join(this.folder, "log"), "utf8").slice(-4000);
  }

  /**
   * @param {string} path
   * @returns {Promise<any>}
   */
  async admin(path) {
    const token = readFileSync(join(this.folder, "data/admin.token"), "utf8").trim();
    const answer = await fetch(`http://127.0.0.1:${this.ports.admin}${path}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }
}

export class Cluster {
  /** @type {Node[]} node 1 is at 0 */
  nodes = [];
  root = mkdtempSync(join(tmpdir(), "handoff-browser-"));
  workflows = `${ROOT}/config/workflows`;
  /** Whether pages are told of the nodes; not where a balancer stands before them. */
  tells = true;

  /**
   * Starts so many nodes and waits until all take customers.
   * @param {number} count
   * @param {string} [extra] more TOML for each node
   * @param {Record<string, string>} [workflows] by name, in place of those that come with the product
   * @param {boolean} [tells] whether pages are told of the nodes; not where a balancer stands before them
   */
  static async start(count, extra = "", workflows, tells = true) {
    if (!existsSync(BINARY)) throw new Error(`${BINARY} is missing: cargo build --release --workspace --bins`);
    const cluster = new Cluster();
    cluster.tells = tells;
    if (workflows) {
      cluster.workflows = join(cluster.root, "workflows");
      mkdirSync(cluster.workflows);
      for (const [name, text] of Object.entries(workflows)) {
        writeFileSync(join(cluster.workflows, `${name}.toml`), text);
      }
    }
    const ports = await freePorts(count * 3);
    for (let id = 1; id <= count; id += 1) {
      const folder = join(cluster.root, `node${id}`);
      mkdirSync(folder);
      const [http, admin, peer] = ports.splice(0, 3);
      cluster.nodes.push(new Node(id, folder, { http, admin, peer }));
    }
    writeFileSync(join(cluster.root, "secret"), randomBytes(32).toString("hex"), { mode: 0o600 });
    for (const node of cluster.nodes) writeFileSync(join(node.folder, "config.toml"), cluster.#config(node, extra));
    for (const node of cluster.nodes) node.start();
    for (const node of cluster.nodes) await node.ready();
    return cluster;
  }

  /**
   * @param {Node} node
   * @param {string} extra
   */
  #config(node, extra) {
    const all = (/** @type {(node: Node) => string} */ what) => JSON.stringify(this.nodes.map(what));
    return `
[node]
id = ${node.id}
data_dir = "${node.folder}/data"
[http]
listen = "127.0.0.1:${node.ports.http}"
customer_nodes = ${this.tells ? all((one) => one.url) : "[]"}
behind_balancer = ${!this.tells}
[admin]
listen = "127.0.0.1:${node.ports.admin}"
[peer]
listen = "127.0.0.1:${node.ports.peer}"
seeds = ${all((one) => `127.0.0.1:${one.ports.peer}`)}
secret_file = "${this.root}/secret"
[store]
kind = "sqlite"
[store.sqlite]
dir = "${this.root}/store"
${extra.includes("[admission]") ? "" : "[admission]\naddress_starts_per_minute = 0"}
[bots]
dir = "${ROOT}/config/bots"
[workflows]
dir = "${this.workflows}"
${extra}`;
  }

  /**
   * The node that owns a chat now.
   * @param {string} chat
   */
  async ownerOf(chat) {
    const some = this.nodes.find((node) => node.child);
    if (!some) throw new Error("no node runs");
    return until(`somebody owns chat ${chat}`, async () => {
      const { items } = await some.admin("/admin/v1/sessions?limit=100");
      const shard = items.find((/** @type {any} */ one) => one.id === chat)?.shard;
      const shards = await some.admin("/admin/v1/shards");
      const id = shards.find((/** @type {any} */ one) => one.shard === shard)?.assigned;
      return this.nodes.find((node) => node.id === id && node.child);
    });
  }

  /**
   * Waits until the others serve all shards.
   * @param {Node} node that does not answer
   */
  async isServedWithout(node) {
    const others = this.nodes.filter((one) => one !== node && one.child);
    await until(`all is served without node ${node.id}`, async () => {
      const lists = await Promise.all(others.map((one) => one.admin("/admin/v1/shards")));
      const serving = lists.flat().filter((/** @type {any} */ one) => one.state === "serving");
      return serving.length === lists[0].length;
    });
  }

  /** What the nodes made at their first start for the agent "demo". */
  demoPassword() {
    return readFileSync(join(this.root, "demo-agent.password"), "utf8").trim();
  }

  async stop() {
    for (const node of this.nodes) await node.kill();
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Below the range that the system gives to outgoing connections, so that a free port stays free. */
const PORTS = { from: 14_000, count: 6_000 };
let nextPort = process.pid * 61;

/** @param {number} count */
async function freePorts(count) {
  /** @type {number[]} */
  const ports = [];
  while (ports.length < count) {
    const port = PORTS.from + (nextPort++ % PORTS.count);
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

/**
 * @param {number} port
 * @returns {Promise<boolean>}
 */
function isFree(port) {
  const server = createServer();
  return new Promise((done) => {
    server.once("error", () => done(false));
    server.listen(port, "127.0.0.1", () => server.close(() => done(true)));
  });
}
