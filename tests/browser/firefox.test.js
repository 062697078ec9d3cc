// The main story in Firefox, as Debian ships it: the widget on a website, the desk, and the kill of the node that both are on.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchFirefox, newWindow, until } from "./support/browser.js";
import { Cluster } from "./support/cluster.js";
import { Agent, Customer, kept } from "./support/people.js";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Cluster} */
let cluster;
before(async () => {
  [browser, cluster] = await Promise.all([launchFirefox(), Cluster.start(3)]);
});
after(async () => {
  await browser?.close();
  await cluster?.stop();
});

const desktop = { viewport: { width: 1280, height: 800 } };

test("in Firefox a customer and an agent talk through the kill of the node that both are on, and the chat ends", async () => {
  const [first, second] = cluster.nodes;
  const [hers, his] = [await newWindow(browser, desktop), await newWindow(browser, desktop)];
  const customer = new Customer(hers.page);
  const agent = new Agent(his.page);
  await agent.signIn(first.url, "demo", cluster.demoPassword());
  await agent.isReady();
  await customer.startOnSite(first.url, "Zoë 🦊", "A parcel");
  await customer.says("I want to talk to a person, please");

  const card = his.page.locator(".offer");
  await card.getByText("A parcel").waitFor();
  await card.getByRole("button", { name: "Accept" }).click();
  await hers.page.getByRole("heading", { name: "Demo Agent" }).waitFor();

  await customer.field.pressSequentially("My par");
  await his.page.locator(".typing .preview").getByText("My par").waitFor();
  await agent.field.pressSequentially("Good");
  await hers.page.locator(".typing").getByText("is typing").waitFor();
  await agent.says("Good morning, Zoë");
  await customer.hears("Good morning, Zoë");
  await customer.says("My parcel is not here. طردي ليس هنا");
  await agent.hears("My parcel is not here.");

  await first.kill();
  await customer.says("are you still there? 👀");
  await agent.says("yes, always");
  await agent.hears("are you still there? 👀");
  await customer.hears("yes, always");

  const { chat } = await kept(hers.page);
  await customer.leaves();
  await hers.page.getByText("The chat has ended at").first().waitFor();
  await his.page.getByText("The customer has left.").waitFor();
  await agent.leaves("End the chat");
  await his.page.getByText("You have left this chat.").waitFor();

  assert.deepEqual(await customer.said(), customer.texts);
  assert.deepEqual(await agent.said(), agent.texts);
  const record = await until("the record is closed", async () => {
    const session = await second.admin(`/admin/v1/sessions/${chat}`);
    return session.state === "closed" && (await second.admin(`/admin/v1/records/${chat}`));
  });
  const messages = record.events.filter((/** @type {any} */ one) => one.type === "message");
  for (const [name, texts] of /** @type {const} */ ([
    ["Zoë 🦊", customer.texts],
    ["Demo Agent", agent.texts],
  ])) {
    const { number } = record.participants.find((/** @type {any} */ one) => one.nickname === name);
    const said = messages.filter((/** @type {any} */ one) => one.by === number);
    assert.deepEqual(
      said.map((/** @type {any} */ one) => one.text),
      texts,
    );
  }
  for (const { complaints } of [hers, his]) assert.deepEqual(complaints, []);
});
