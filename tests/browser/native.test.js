// The customer's page over the native socket, on three real nodes that are killed while they talk.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, newWindow, until } from "./support/browser.js";
import { Cluster } from "./support/cluster.js";
import { Customer, kept } from "./support/people.js";

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

test("a chat goes on while first the node of its socket and then its owner are killed, and survives a reload", async () => {
  const { page, complaints } = await newWindow(browser);
  const [first, second] = cluster.nodes;
  const customer = new Customer(page);
  await customer.start(first.url, "Zoë 🦊");
  await customer.hears("Hello, I am Robin");
  await customer.says("مرحبا");
  await customer.isAnswered();

  await first.kill();
  await customer.says("Wie viel kostet das? 💶");
  await customer.isAnswered();

  await first.start();
  await first.ready();
  const { chat } = await kept(page);
  const owner = await cluster.ownerOf(chat);
  await owner.kill();
  await customer.says("👩‍👩‍👧‍👦 こんにちは");
  await customer.isAnswered();
  await owner.start();
  await owner.ready();

  await page.reload();
  await until("all is there again", async () => (await customer.said()).length === 3);
  await customer.says("after the reload");
  await customer.isAnswered();
  await customer.leaves();
  await page.getByText("The chat has ended at").first().waitFor();
  assert.deepEqual(await customer.said(), customer.texts);
  assert.deepEqual(complaints, []);
  const record = await until("the record is closed", async () => {
    const found = await second.admin(`/admin/v1/records/${chat}`);
    return found.endedAt && found;
  });
  const byCustomer = record.participants.find((/** @type {any} */ one) => one.type === "CLIENT").number;
  const messages = record.events.filter(
    (/** @type {any} */ event) => event.type === "message" && event.by === byCustomer,
  );
  assert.deepEqual(
    messages.map((/** @type {any} */ event) => event.text),
    customer.texts,
  );
});
