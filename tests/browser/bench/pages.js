// Measures what people feel at the pages, as docs/benchmarks.md describes: `scripts/bench --only pages` runs it.
//
// usage: node bench/pages.js [--messages N] [--loads N] [--only delivery|loads|smooth] [--json FILE]

import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { launch } from "../support/browser.js";
import { Cluster } from "../support/cluster.js";
import { measureDelivery } from "./delivery.js";
import { HEAD, line } from "./figures.js";
import { measureLoads } from "./loads.js";
import { measureSmoothness } from "./smooth.js";

const { values: given } = parseArgs({
  options: {
    messages: { type: "string", default: "1000" },
    loads: { type: "string", default: "20" },
    only: { type: "string", default: "" },
    json: { type: "string" },
  },
});
const messages = numberOf("messages", 20_000);
const loads = numberOf("loads", 1000);
if (!["", "delivery", "loads", "smooth"].includes(given.only)) throw new Error("--only is delivery, loads or smooth");
const wants = (/** @type {string} */ part) => given.only === "" || given.only === part;

const secrets = mkdtempSync(join(tmpdir(), "handoff-pages-"));
const password = randomBytes(16).toString("hex");
const passwordFile = join(secrets, "password");
writeFileSync(passwordFile, password, { mode: 0o600 });
const agents = Object.entries({ ann: 4, ben: 4, kate: 20 })
  .map(([name, capacity]) => `[agents.${name}]\npassword_file = "${passwordFile}"\ncapacity = ${capacity}`)
  .join("\n");
// What is measured is the pages, not how much a bot or one address may say.
const settings = `[services.default]\nstarts_per_minute = 0\n${agents}\n`;

/** @type {Record<string, any>} */
const report = { messages, loads, times: [], clocks: [], held: [] };
const browser = await launch();
try {
  console.log(`${browser.version()}; load of the machine before: ${loadavg().map((one) => one.toFixed(1))}`);
  if (wants("delivery") || wants("loads")) console.log(HEAD);
  if (wants("delivery")) {
    for (const count of [3, 1]) await onNodes(count, delivery);
  }
  if (wants("loads")) {
    await onNodes(1, async (cluster) => print(await measureLoads(browser, cluster, password, loads)));
  }
  if (wants("smooth")) {
    console.log("tasks of 50 ms and more in the desk's page".padEnd(52), "tasks  longest");
    for (const one of await measureSmoothness(browser)) {
      report.held.push(one);
      console.log(one.what.padEnd(52), String(one.tasks).padStart(5), `${one.longest} ms`.padStart(8));
    }
  }
  console.log(`load of the machine after: ${loadavg().map((one) => one.toFixed(1))}`);
} finally {
  await browser.close();
  rmSync(secrets, { recursive: true });
}
if (given.json) writeFileSync(given.json, `${JSON.stringify(report, null, 2)}\n`);

/** @param {Cluster} cluster */
async function delivery(cluster) {
  const { figures, clocks } = await measureDelivery(browser, cluster, password, messages);
  print(figures);
  report.clocks.push(...clocks);
  const least = Math.min(...clocks.map((one) => one.least));
  const most = Math.max(...clocks.map((one) => one.most));
  console.log(`  the pages' clocks differ by something between ${least.toFixed(1)} and ${most.toFixed(1)} ms`);
}

/** @param {import("./figures.js").Figures[]} all */
function print(all) {
  report.times.push(...all);
  for (const one of all) console.log(line(one));
}

/**
 * @param {number} count
 * @param {(cluster: Cluster) => Promise<void>} measure
 */
async function onNodes(count, measure) {
  const cluster = await Cluster.start(count, settings);
  try {
    await measure(cluster);
  } finally {
    await cluster.stop();
  }
}

/**
 * @param {"messages" | "loads"} name
 * @param {number} most
 */
function numberOf(name, most) {
  const value = Number(given[name]);
  const fits = Number.isInteger(value) && value >= 1 && value <= most;
  if (!fits) throw new Error(`--${name} is a number from 1 to ${most}`);
  return value;
}
