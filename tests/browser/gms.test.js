// The example page over the GMS Chat API, on three real nodes: one is killed in the middle.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, newWindow, until } from "./support/browser.js";
import { Cluster } from "./support/cluster.js";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Cluster} */
let cluster;
before(async () => {
  [browser, cluster] = await Promise.all([launch(), Cluster.start(3)]);
});
after(async () => {
  await browser?.close();
  await cluster?.stop();
});

const SAID = ["Wie viel kostet das? 💶", "مرحبا", "こんにちは 👋🏽", "¿Cuánto cuesta?", "👩‍👩‍👧‍👦 Zoë — “naïve”"];

test("a chat of the example page goes on at another node when the page's own is killed", async () => {
  const { page, complaints } = await newWindow(browser);
  const first = cluster.nodes[0];
  await page.goto(`${first.url}/examples/gms?lang=en`);
  await page.getByLabel("Your name").fill("Zoë");
  await page.getByRole("button", { name: "Start chat" }).click();
  await page.getByText("Hello, I am Robin").waitFor();
  const say = async (/** @type {string} */ text) => {
    await page.getByLabel("Your message").fill(text);
    await page.getByLabel("Your message").press("Enter");
  };
  const answers = () => page.locator("#log li.theirs").count();
  const own = () => page.locator("#log li.mine:not(.waiting) .text").allTextContents();
  for (const [at, text] of SAID.entries()) {
    const before = await answers();
    if (at === 2) await first.kill();
    await say(text);
    await until(
      `"${text}" is there and answered`,
      async () => (await own()).length === at + 1 && (await answers()) > before,
    );
  }
  assert.deepEqual(await own(), SAID);
  await page.getByText("こんにちは！👋").waitFor();
  await page.getByRole("button", { name: "End chat" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "End chat" }).click();
  await page.getByText("The chat has ended.").first().waitFor();
  assert.deepEqual(await own(), SAID);
  assert.deepEqual(complaints, []);
  first.start();
  await first.ready();
});
