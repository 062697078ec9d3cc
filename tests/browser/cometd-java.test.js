// The official CometD client for Java, its present line and those that older SDKs ship, over each of its transports,
// side by side on three real nodes behind one address, through failures of the node they are connected to.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, before } from "node:test";
import { Cluster, TARGET } from "./support/cluster.js";
import { FIRST, testFailures } from "./support/failures.js";

const TEXTS = Array.from({ length: 16 }, (_, number) => `message ${number} 👋`);
const LINES = ["cometd9", "cometd3", "cometd2"];
const TRANSPORTS = ["websocket", "long-polling"];
/** Six of them start at once, and none lives long enough for better code. */
const JAVA = ["-Xmx96m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
const UTF8 = ["-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8"];

/** @type {Cluster} */
let cluster;
before(async () => {
  cluster = await Cluster.start(3);
});
after(() => cluster?.stop());

/**
 * A customer in a process of their own; what they have seen grows as they are told it.
 * @param {string} url
 * @param {string} line
 * @param {string} transport
 * @returns {import("./support/failures.js").Guest}
 */
function enter(url, line, transport) {
  const folder = join(TARGET, "cometd-java", line);
  const path = `${folder}/classes:${folder}/lib/*`;
  const customer = ["Customer", `${url}/genesys/cometd`, transport, `${FIRST}`, `${TEXTS.length}`];
  const child = spawn("java", [...JAVA, ...UTF8, "-cp", path, ...customer]);
  /** @type {import("./support/failures.js").Seen} */
  const seen = { told: [], acknowledged: [], transport, trouble: [] };
  const progress = { acknowledged: 0, own: 0, answers: 0, handshakes: 0, ended: false };
  /** @type {Record<string, (what: string) => void>} */
  const takes = {
    HANDSHAKE: () => (progress.handshakes += 1),
    // They say nothing else until this is shown to them.
    SHOWN: (what) => (progress.acknowledged = seen.acknowledged.push(TEXTS[Number(what)])),
    TOLD: (what) => {
      seen.told.push(JSON.parse(what));
      Object.assign(progress, counted(seen.told));
    },
  };
  let rest = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const [kind, what] of lines.map((line) => line.split("\t"))) takes[kind]?.(what);
  });
  child.stderr.setEncoding("utf8").on("data", (text) => seen.trouble.push(text));
  return {
    name: `${line} over ${transport}`,
    transport,
    progress: async () => {
      assert.ok(child.exitCode === null || progress.ended, `it has ended: ${seen.trouble.join("").slice(-4000)}`);
      return progress;
    },
    seen: async () => seen,
    goOn: async () => child.stdin.write("\n"),
    leave: async () => child.stdin.end("\n"),
    close: async () => {
      if (child.exitCode === null && child.kill("SIGKILL")) await once(child, "exit");
    },
  };
}

/**
 * How many messages were told, each once.
 * @param {import("./support/checker.js").Told[]} told
 */
function counted(told) {
  const messages = told.flatMap(({ messages }) => messages).filter(({ type }) => type === "Message");
  const of = (/** @type {string} */ type) =>
    new Set(messages.filter(({ from }) => from.type === type).map(({ index }) => index)).size;
  const ended = told.some(({ chatEnded }) => chatEnded);
  return { own: of("Client"), answers: of("Agent"), ended };
}

testFailures(
  "CometD's clients for Java",
  () => cluster,
  TEXTS,
  (url) => LINES.map(async (line) => TRANSPORTS.map((transport) => enter(url, line, transport))),
);
