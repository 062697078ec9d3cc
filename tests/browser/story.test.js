// The whole conversation, in the browser windows of a customer and of an agent, on three real nodes that are killed meanwhile.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, newWindow, until } from "./support/browser.js";
import { Cluster } from "./support/cluster.js";
import { Agent, Customer, kept } from "./support/people.js";
import { allIsRecorded, talk, talkThroughKill } from "./support/story.js";

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

const desktop = { viewport: { width: 1280, height: 800 } };

test("a customer talks to a bot, then to an agent, through two kills; they leave, the agent leaves, the record is closed", async () => {
  const [first, second, third] = cluster.nodes;
  const [hers, his, other] = [
    await newWindow(browser),
    await newWindow(browser, desktop),
    await newWindow(browser, desktop),
  ];
  const customer = new Customer(hers.page);
  const agent = new Agent(his.page);
  await agent.signIn(second.url, "demo", cluster.demoPassword());
  await agent.isReady();

  await customer.start(first.url, "Zoë 🦊", "A parcel");
  await customer.hears("Hello, I am Robin");
  await customer.says("I want to talk to a person, please");

  const card = his.page.locator(".offer");
  await card.getByText("Zoë 🦊").waitFor();
  await card.getByText("A parcel").waitFor();
  const seconds = async () => Number(((await card.getByRole("timer").textContent()) ?? "").replace(/\D/g, ""));
  const began = await seconds();
  await until("the countdown runs", async () => (await seconds()) < began);
  await card.getByRole("button", { name: "Accept" }).click();

  await agent.hears("Hello, I am Robin");
  await agent.hears("I want to talk to a person, please");
  await hers.page.getByRole("heading", { name: "Demo Agent" }).waitFor();

  await talk({ customer, agent });

  await talkThroughKill(first, { customer, agent });

  await first.start();
  await first.ready();
  const { chat } = await kept(hers.page);
  const owner = await cluster.ownerOf(chat);
  await owner.kill();
  await agent.says("it comes tomorrow");
  await customer.says("thank you 🙏🏽");
  await agent.hears("thank you 🙏🏽");
  await customer.hears("it comes tomorrow");
  await owner.start();
  await owner.ready();

  const sameAgent = new Agent(other.page);
  await sameAgent.signIn(third.url, "demo", cluster.demoPassword());
  await other.page.locator(`.chats [data-chat="${chat}"] button`).click();
  await sameAgent.hears("thank you 🙏🏽");
  assert.deepEqual(await sameAgent.heard(), await agent.heard());

  await customer.leaves();
  await hers.page.getByText("The chat has ended at").first().waitFor();
  await his.page.getByText("The customer has left.").waitFor();
  assert.equal((await second.admin(`/admin/v1/sessions/${chat}`)).state, "live");
  await agent.leaves("End the chat");
  await his.page.getByText("You have left this chat.").waitFor();
  await other.page.getByText("You have left this chat.").waitFor();

  await allIsRecorded(second, chat, { customer, agent }, { customer: "Zoë 🦊", agent: "Demo Agent" });
  for (const { complaints } of [hers, his, other]) assert.deepEqual(complaints, []);
});
