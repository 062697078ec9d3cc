// The agents' desk over a real node: what is live where sockets are blocked, and an agent who was away for too long.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { violations } from "./support/axe.js";
import { launch, newWindow, until } from "./support/browser.js";
import { Cluster } from "./support/cluster.js";
import { Agent, Customer } from "./support/people.js";
import { Relay } from "./support/relay.js";

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Cluster} */
let cluster;
before(async () => {
  [browser, cluster] = await Promise.all([launch(), Cluster.start(1, "[desk]\ngrace_ms = 3000\n")]);
});
after(async () => {
  await browser?.close();
  await cluster?.stop();
});

const desktop = { viewport: { width: 1280, height: 800 } };

test("where sockets are blocked a supervisor sees over HTTP what is live, and that it changes", async () => {
  const [node] = cluster.nodes;
  const { page, context, complaints } = await newWindow(browser, desktop);
  await context.addInitScript(() => {
    class Blocked extends EventTarget {
      constructor() {
        super();
        setTimeout(() => this.dispatchEvent(new CloseEvent("close", { code: 1006 })), 0);
      }
      send() {}
      close() {}
    }
    Object.assign(window, { WebSocket: Blocked });
  });
  const polls = { count: 0 };
  page.on("request", (request) => (polls.count += request.url().endsWith("/v1/agent/poll") ? 1 : 0));
  const agent = new Agent(page);
  await agent.signIn(node.url, "demo", cluster.demoPassword());
  await page.getByRole("button", { name: "Overview" }).click();
  const agents = page.locator("section.grid[aria-label=Agents]");
  await agents.locator("tr", { hasText: "Demo Agent" }).locator(".state.not-ready").waitFor();
  await agent.isReady();
  await agents.locator("tr", { hasText: "Demo Agent" }).locator(".state.ready").waitFor();

  const hers = await newWindow(browser);
  const customer = new Customer(hers.page);
  await customer.start(node.url, "Zoë", "A parcel");
  const chats = page.locator("section.grid[aria-label=Chats]");
  await chats.locator("tbody tr").first().getByText("Workflow").waitFor();
  await customer.hears("Hello, I am Robin");
  await customer.says("I want to talk to a person, please");
  await chats.locator("tbody tr").first().getByText("Offered").waitFor();
  await page.getByRole("button", { name: "Chats", exact: true }).first().click();
  await page.locator(".offer").getByRole("button", { name: "Accept" }).click();
  await agent.hears("I want to talk to a person, please");
  await page.getByRole("button", { name: "Overview" }).click();
  await chats.locator("tbody tr").first().getByText("With an agent").waitFor();
  await chats.getByLabel("State").selectOption("asleep");
  await chats.getByText("No such chats.").waitFor();
  await chats.getByLabel("State").selectOption("open");
  await chats.locator("tbody tr").first().getByText("With an agent").waitFor();
  assert.ok(polls.count > 3);
  await page.locator(".pages button").first().click();
  await agent.leaves("End the chat");
  await page.getByText("You have left this chat.").waitFor();
  assert.deepEqual([...complaints, ...hers.complaints], []);
  await Promise.all([context.close(), hers.context.close()]);
});

test("what an agent writes to agents alone never comes to the customer, and is kept with its marks", async () => {
  const [node] = cluster.nodes;
  const his = await newWindow(browser, desktop);
  const hers = await newWindow(browser);
  const agent = new Agent(his.page);
  const customer = new Customer(hers.page);
  await agent.signIn(node.url, "demo", cluster.demoPassword());
  await agent.isReady();
  await customer.start(node.url, "Nora");
  await customer.hears("Hello, I am Robin");
  await customer.says("I want to talk to a person, please");
  await his.page.locator(".offer").getByRole("button", { name: "Accept" }).click();
  await agent.hears("I want to talk to a person, please");
  await agent.field.fill("I look it up");

  const mode = (/** @type {string} */ name) => his.page.getByRole("button", { name, exact: true });
  await his.page.keyboard.press("Alt+o");
  const inside = his.page.getByRole("textbox", { name: "Write to agents only" });
  assert.equal(await inside.inputValue(), "", "what is for the customer does not stand there");
  assert.equal(await mode("Only agents").getAttribute("aria-pressed"), "true");
  await inside.fill("Nora is angry");
  await inside.press("Enter");
  await his.page.locator(".message.internal.sent .bubble", { hasText: "Nora is angry" }).waitFor();
  assert.deepEqual(await violations(his.page), []);
  await inside.fill("and rightly so");
  await his.page.reload();
  await his.page.locator(".message.internal .bubble", { hasText: "Nora is angry" }).waitFor();
  await mode("Only agents").click();
  assert.equal(await inside.inputValue(), "and rightly so");
  await mode("To the customer").click();
  assert.equal(await agent.field.inputValue(), "I look it up");
  await agent.field.press("Enter");
  await customer.hears("I look it up");
  assert.ok(!(await hers.page.locator("body").innerText()).includes("angry"));
  assert.equal(await hers.page.getByText("is typing").count(), 0);
  await customer.says("Thank you");
  await agent.hears("Thank you");
  await his.page.locator(".message.internal .bubble", { hasText: "Nora is angry" }).waitFor();
  await agent.leaves("End the chat");
  await his.page.getByText("You have left this chat.").waitFor();
  assert.deepEqual([...his.complaints, ...hers.complaints], []);
  await Promise.all([his.context.close(), hers.context.close()]);
});

test("an agent who was away for too long is told that, though their customer still waits", async () => {
  const [node] = cluster.nodes;
  const relay = new Relay([node.url]);
  const url = await relay.start();
  const his = await newWindow(browser, desktop);
  const hers = await newWindow(browser);
  // Nodes tell pages their own addresses: from here the relay is the only way.
  const direct = new URL(node.url).port;
  await his.context.routeWebSocket(
    ({ port }) => port === direct,
    (route) => void route.close({ code: 1011 }),
  );
  await his.context.route(`${node.url}/**`, (route) => route.abort());
  const agent = new Agent(his.page);
  const customer = new Customer(hers.page);
  await agent.signIn(url, "demo", cluster.demoPassword());
  await agent.isReady();
  await customer.start(node.url, "Zoë");
  await customer.hears("Hello, I am Robin");
  await customer.says("I want to talk to a person, please");
  await his.page.locator(".offer").getByRole("button", { name: "Accept" }).click();
  await agent.hears("I want to talk to a person, please");
  await agent.field.fill("what I was going to say");

  // No way to the node any more, until the chat waits for somebody else.
  const targets = relay.targets.splice(0);
  relay.cut();
  await his.page.getByText(/^No connection since .* may have gone back to the queue\.$/).waitFor();
  await until("the chat waits again", async () => {
    const { items } = await node.admin("/admin/v1/agents?limit=10");
    return items.some((/** @type {any} */ one) => one.reason === "lost");
  });
  relay.targets.push(...targets);
  await his.page.getByText("Your connection was gone for too long: this chat went to somebody else.").waitFor();
  await his.page.getByText("Your connection was gone for too long. You were set to not ready.").waitFor();
  assert.equal(await his.page.getByText(/has ended|Ended/).count(), 0);
  assert.equal(await his.page.getByLabel("Written and not sent").inputValue(), "what I was going to say");
  await customer.says("are you still there?");
  await hers.page.locator(".message.mine.sent .bubble", { hasText: "are you still there?" }).waitFor();
  assert.equal(await hers.page.getByText(/The chat has ended/).count(), 0);
  assert.deepEqual([...his.complaints, ...hers.complaints], []);
  relay.stop();
});
