// The official CometD client for browsers, its present line and the one that old widgets ship, over each of its
// transports, on three real nodes behind one address: the node that it is connected to is killed in the middle.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { launch, newWindow, until } from "./support/browser.js";
import { Cluster } from "./support/cluster.js";
import { customer } from "./support/cometd-page.js";
import { Relay } from "./support/relay.js";

const PACKAGES = join(dirname(fileURLToPath(import.meta.url)), "node_modules");
const TEXTS = Array.from({ length: 24 }, (_, number) => `message ${number} 👋 مرحبا`);

/**
 * How a page loads each line of the client.
 * @type {Record<string, string>}
 */
const LINES = {
  "cometd 9": `<script type="module">
    import * as library from "/cometd/cometd.js";
    window.library = library;
  </script>`,
  "cometd 4": `<script src="/cometd4/cometd.js"></script><script src="/cometd4/AckExtension.js"></script>
  <script>window.library = window.org.cometd;</script>`,
};

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Cluster} */
let cluster;
/** A shop: its pages are of another origin than the API. */
const shop = createServer((request, response) => {
  const path = request.url ?? "/";
  const html = LINES[decodeURIComponent(path.slice(1))];
  // The browser looks for an icon too.
  if (!html && !path.endsWith(".js")) return response.writeHead(404).end();
  response.setHeader("content-type", html ? "text/html" : "text/javascript");
  response.end(html ? `<!doctype html><body>${html}` : readFileSync(join(PACKAGES, path), "utf8"));
});
before(async () => {
  [browser, cluster] = await Promise.all([launch(), Cluster.start(3)]);
  await new Promise((done) => shop.listen(0, "127.0.0.1", () => done(null)));
});
after(async () => {
  shop.close();
  await browser?.close();
  await cluster?.stop();
});

/**
 * A shop's page with the client in it.
 * @param {string} line
 */
async function visit(line) {
  const { page } = await newWindow(browser);
  const { port } = /** @type {import("node:net").AddressInfo} */ (shop.address());
  await page.goto(`http://127.0.0.1:${port}/${line}`);
  await page.waitForFunction(() => "library" in window);
  return page;
}

for (const line of Object.keys(LINES)) {
  for (const transport of ["websocket", "long-polling", "callback-polling"]) {
    const acks = transport !== "callback-polling";
    test(`${line} over ${transport} loses nothing when its node is killed`, async () => {
      const relay = new Relay(cluster.nodes.map((node) => node.url));
      const url = await relay.start();
      const page = await visit(line);
      try {
        await page.evaluate(customer, { url, transport, acks, texts: TEXTS });
        const state = () => page.evaluate(() => /** @type {any} */ (window).state);
        await until("some messages are acknowledged", async () => (await state()).acknowledged >= 6);
        assert.equal((await state()).transport, transport);
        await cluster.nodes[0].kill();
        await until("all are acknowledged", async () => (await state()).acknowledged === TEXTS.length);
        await until("all are shown and answered", async () => {
          const { own, answers } = await state();
          return own.length >= TEXTS.length && answers.length >= TEXTS.length + 1;
        });
        const { own, answers, indexes, handshakes } = await state();
        assert.deepEqual(own, TEXTS);
        assert.equal(answers.length, TEXTS.length + 1, "a greeting, and one answer to each");
        assert.deepEqual(
          indexes,
          indexes.toSorted((/** @type {number} */ a, /** @type {number} */ b) => a - b),
        );
        assert.ok(handshakes >= 2, "it had to shake hands anew");
        await page.evaluate(() => /** @type {any} */ (window).leave());
        await until("the end is told", async () => (await state()).ended);
      } finally {
        await page.close();
        relay.stop();
        cluster.nodes[0].start();
        await cluster.nodes[0].ready();
      }
    });
  }
}
