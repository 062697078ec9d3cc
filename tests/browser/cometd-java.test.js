// The official CometD client for Java, its present line and the one that old SDKs ship, over each of its transports, on
// three real nodes behind one address: the node that it is connected to is killed in the middle.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { until } from "./support/browser.js";
import { Cluster, TARGET } from "./support/cluster.js";
import { Relay } from "./support/relay.js";

const COUNT = 20;
const TEXTS = Array.from({ length: COUNT }, (_, number) => `message ${number} 👋`);

/** @type {Cluster} */
let cluster;
before(async () => {
  cluster = await Cluster.start(3);
});
after(() => cluster?.stop());

/**
 * Starts a customer; what he is told grows as he is told it.
 * @param {string} line
 * @param {string} url
 * @param {string} transport
 */
function chat(line, url, transport) {
  const folder = join(TARGET, "cometd-java", line);
  const path = `${folder}/classes:${folder}/lib/*`;
  const settings = ["-Xmx128m", "-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8"];
  const child = spawn("java", [...settings, "-cp", path, "Customer", `${url}/genesys/cometd`, transport, `${COUNT}`]);
  const told = { lines: /** @type {string[][]} */ ([]), rest: "", errors: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => {
    const lines = (told.rest + text).split("\n");
    told.rest = lines.pop() ?? "";
    told.lines.push(...lines.map((line) => line.split("\t")));
  });
  child.stderr.setEncoding("utf8").on("data", (text) => (told.errors = (told.errors + text).slice(-4000)));
  const of = (/** @type {string} */ kind) => told.lines.filter(([one]) => one === kind);
  return { child, told, of };
}

for (const line of ["current", "old"]) {
  for (const transport of ["websocket", "long-polling"]) {
    test(`the ${line} Java client over ${transport} loses nothing when its node is killed`, async () => {
      const relay = new Relay(cluster.nodes.map((node) => node.url));
      const { child, told, of } = chat(line, await relay.start(), transport);
      try {
        const runs = () => {
          assert.equal(child.exitCode, null, told.errors);
          return true;
        };
        await until("some messages are shown", () => runs() && of("OWN").length >= 5);
        await cluster.nodes[0].kill();
        await until("all are shown, answered and the end is told", () => of("ENDED").length > 0 || !runs());
        assert.deepEqual(
          of("OWN").map(([, , text]) => text),
          TEXTS,
        );
        assert.equal(of("ANSWER").length, COUNT + 1, "a greeting, and one answer to each");
        const indexes = told.lines.map(([, index]) => Number(index)).filter((index) => index > 0);
        assert.deepEqual(
          indexes,
          indexes.toSorted((a, b) => a - b),
        );
        assert.ok(of("HANDSHAKE").length >= 2, "it had to shake hands anew");
      } finally {
        child.kill("SIGKILL");
        relay.stop();
        cluster.nodes[0].start();
        await cluster.nodes[0].ready();
      }
    });
  }
}
