// The widget on a website beside real nodes, from the form to the rating: two who wait in line, an agent who takes them.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { violations } from "./support/axe.js";
import { launch, newWindow, until } from "./support/browser.js";
import { Cluster } from "./support/cluster.js";
import { Agent, Customer, kept } from "./support/people.js";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Cluster} */
let cluster;
const SERVICE = `[services.default]
workflow = "line"
rating = true
title = { en = "Support" }
form = ["nickname", "email", "topic", "text"]
consent = "I agree to the privacy notice."
closed_text = { en = "We are here from nine to five." }
[services.default.fields.topic]
kind = "choice"
label = { en = "Topic" }
choices = ["order", "other"]
`;
before(async () => {
  const workflow = 'version = 1\nnickname = "Handoff"\nstart = "agent"\n[steps.agent]\nroute = "support"\n';
  [browser, cluster] = await Promise.all([launch(), Cluster.start(2, SERVICE, { line: workflow })]);
});
after(async () => {
  await browser?.close();
  await cluster?.stop();
});

/**
 * A visitor of the website that is an example, with the form before them.
 * @param {string} node
 */
async function visitor(node) {
  const opened = await newWindow(browser, { viewport: { width: 1024, height: 760 }, reducedMotion: "reduce" });
  await opened.page.goto(`${node}/examples/site`);
  await opened.page.getByRole("button", { name: "Open the chat" }).click();
  await opened.page.getByLabel("Name").waitFor();
  return opened;
}

/**
 * @param {import("playwright-core").Page} page
 * @param {string} name
 */
async function tries(page, name) {
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("E-mail").fill("visitor@example.com");
  await page.getByLabel("Topic").selectOption("order");
  await page.getByLabel("Message").fill("Where is it?");
  await page.getByLabel("I agree to the privacy notice.").check();
  await page.locator(".form .primary").click();
}

/**
 * @param {import("playwright-core").Page} page
 * @param {string} name
 */
async function begin(page, name) {
  await tries(page, name);
  await page.getByRole("textbox", { name: "Write a message" }).waitFor();
}

/**
 * @param {import("playwright-core").Page} page
 * @param {string} state as the menu calls it
 */
async function switchTo(page, state) {
  await page.locator("#status").click();
  await page.getByRole("menuitemcheckbox", { name: state, exact: true }).click();
  await page.locator(".status-text").getByText(state, { exact: true }).waitFor();
}

test("who waits is told that nobody is there, then their place; after the end they rate the chat", async () => {
  const [first, second] = cluster.nodes;
  const desk = await newWindow(browser, { viewport: { width: 1280, height: 800 } });
  const agent = new Agent(desk.page);
  await agent.signIn(second.url, "demo", cluster.demoPassword());

  const hers = await visitor(first.url);
  await hers.page.getByText("We are here from nine to five.").waitFor();
  await hers.page.locator(".form .primary").click();
  await hers.page.getByText("Please agree to this first.").waitFor();
  assert.deepEqual(await violations(hers.page, "#handoff-chat"), []);
  await begin(hers.page, "Zoë");
  await hers.page.getByText("You are next.").waitFor();
  // Who is taken within a second says nothing of how long others wait.
  const since = Date.now();
  await until("she had to wait", () => Date.now() - since > 1000);
  await switchTo(desk.page, "Ready");
  const offer = desk.page.locator(".offer");
  await offer.getByText("Zoë").waitFor();
  await offer.getByRole("button", { name: "Accept" }).click();
  await hers.page.getByRole("heading", { name: "Demo Agent" }).waitFor();
  await switchTo(desk.page, "Not ready");

  // Nobody is ready: who comes now stands in line.
  const [next, last] = [await visitor(first.url), await visitor(second.url)];
  await begin(next.page, "Nora");
  await next.page.getByText("You are next. About 1 minute.").waitFor();
  // What the website attached is more than the nodes take: that is said to both, and mended by the website alone.
  await last.page.evaluate(`handoff.set({ page: "${"x".repeat(5000)}" })`);
  await tries(last.page, "Lars");
  await last.page.getByText("That did not work. Please try again.").waitFor();
  assert.deepEqual(last.complaints.splice(0), ["handoff: user_data.page is longer than 4096 bytes"]);
  await last.page.evaluate('handoff.set({ page: "shop" })');
  await begin(last.page, "Lars");
  await last.page.getByText("1 is before you.").waitFor();
  assert.deepEqual(await violations(last.page, "#handoff-chat"), []);
  await new Customer(next.page).leaves();
  await last.page.getByText("You are next. About 1 minute.").waitFor();

  const customer = new Customer(hers.page);
  await hers.page.getByRole("button", { name: "Minimise" }).first().click();
  await agent.says("It comes tomorrow.");
  await hers.page.getByRole("button", { name: "Open the chat, 1 new message" }).click();
  await customer.hears("It comes tomorrow.");
  await hers.page.getByRole("link", { name: "Delivery" }).click();
  await hers.page.getByRole("heading", { name: "Delivery" }).waitFor();
  await customer.says("Thank you");
  await agent.hears("Thank you");
  await hers.page.locator(".message.mine.seen, .head:has-text('seen')").first().waitFor();
  await customer.leaves();
  await hers.page.getByRole("button", { name: "5 of 5" }).click();
  await hers.page.getByLabel("What should we know?").fill("Quick and kind.");
  await hers.page.getByRole("button", { name: "Send" }).click();
  await hers.page.getByText("Thank you. Your rating has arrived.").waitFor();
  assert.deepEqual(await violations(hers.page, "#handoff-chat"), []);
  await agent.leaves("End the chat");
  const { chat } = await kept(hers.page);
  const record = await until("the record is closed", async () => {
    const session = await second.admin(`/admin/v1/sessions/${chat}`);
    return session.state === "closed" && (await second.admin(`/admin/v1/records/${chat}`));
  });
  assert.deepEqual([record.rating.score, record.rating.text], [5, "Quick and kind."]);
  for (const surface of ["widget", "desk"]) {
    const licenses = await (await fetch(`${first.url}/${surface}/licenses.txt`)).text();
    assert.match(licenses, /^@preact\/signals-core/m);
  }
  for (const { complaints } of [desk, hers, next, last]) assert.deepEqual(complaints, []);
});
