// The main story in Firefox, as Debian ships it: the widget on a website, the desk, and the kill of the node that both are on.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchFirefox, newWindow } from "./support/browser.js";
import { Cluster } from "./support/cluster.js";
import { Agent, Customer, kept } from "./support/people.js";
import { allIsRecorded, talk, talkThroughKill } from "./support/story.js";

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

  await talk({ customer, agent });

  await talkThroughKill(first, { customer, agent });

  const { chat } = await kept(hers.page);
  await customer.leaves();
  await hers.page.getByText("The chat has ended at").first().waitFor();
  await his.page.getByText("The customer has left.").waitFor();
  await agent.leaves("End the chat");
  await his.page.getByText("You have left this chat.").waitFor();

  await allIsRecorded(second, chat, { customer, agent }, { customer: "Zoë 🦊", agent: "Demo Agent" });
  for (const { complaints } of [hers, his]) assert.deepEqual(complaints, []);
});
