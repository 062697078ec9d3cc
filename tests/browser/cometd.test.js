// The official CometD client for browsers, its present line and those that older widgets ship, over each of its
// transports, side by side on three real nodes behind one address, through failures of the node they are connected to.

import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { after, before } from "node:test";
import { launch, newWindow } from "./support/browser.js";
import { Cluster } from "./support/cluster.js";
import { customer } from "./support/cometd-page.js";
import { FIRST, testFailures } from "./support/failures.js";

const PACKAGES = join(dirname(fileURLToPath(import.meta.url)), "node_modules");
const TEXTS = Array.from({ length: 16 }, (_, number) => `message ${number} 👋 مرحبا`);
const TRANSPORTS = ["websocket", "long-polling", "callback-polling"];

/**
 * How a page loads each line of the client, and whether it registers the acknowledgement extension.
 * @type {Record<string, {html: string, acks: boolean}>}
 */
const LINES = {
  "cometd 9": {
    html: `<script type="module">
    import * as library from "/cometd/cometd.js";
    window.library = library;
  </script>`,
    acks: true,
  },
  "cometd 7": { html: scripts("cometd7"), acks: true },
  "cometd 4": { html: scripts("cometd4"), acks: false },
};

/**
 * The lines before modules.
 * @param {string} name of the package
 */
function scripts(name) {
  return `<script src="/${name}/cometd.js"></script><script src="/${name}/AckExtension.js"></script>
  <script>window.library = window.org.cometd;</script>`;
}

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Cluster} */
let cluster;
/** A shop: its pages are of another origin than the API. */
const shop = createServer((request, response) => {
  const path = request.url ?? "/";
  const html = LINES[decodeURIComponent(path.slice(1))]?.html;
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
 * A page of the shop with a customer for each transport.
 * @param {string} url
 * @param {string} line
 * @returns {Promise<import("./support/failures.js").Guest[]>}
 */
async function enter(url, line) {
  const { page, context } = await newWindow(browser);
  const { port } = /** @type {import("node:net").AddressInfo} */ (shop.address());
  await page.goto(`http://127.0.0.1:${port}/${line}`);
  await page.waitForFunction(() => "library" in window);
  return Promise.all(
    TRANSPORTS.map(async (transport) => {
      const options = { url, transport, acks: LINES[line].acks, texts: TEXTS, first: FIRST };
      const here = await page.evaluateHandle(customer, options);
      return {
        name: `${line} over ${transport}`,
        transport,
        progress: () => here.evaluate(({ progress }) => progress()),
        seen: () => here.evaluate(({ seen }) => seen),
        goOn: () => here.evaluate(({ goOn }) => goOn()),
        leave: () => here.evaluate(({ leave }) => leave()),
        close: () => context.close(),
      };
    }),
  );
}

testFailures(
  "CometD's clients in browsers",
  () => cluster,
  TEXTS,
  (url) => Object.keys(LINES).map((line) => enter(url, line)),
);
