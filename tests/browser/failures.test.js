// What networks, machines and browsers do to a chat, seen from both pages: the customer's and the agent's, over real
// nodes behind one address. Words stay calm, nothing is lost, doubled or reordered, and what was typed stays. Kills are
// in story.test.js, too.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { launch, newWindow, until } from "./support/browser.js";
import { Cluster } from "./support/cluster.js";
import { Agent, Customer } from "./support/people.js";
import { Relay, SLOW } from "./support/relay.js";

/** @typedef {import("playwright-core").BrowserContext} Context */

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Cluster} */
let cluster;
/** @type {Array<() => Promise<void>>} */
const cleanups = [];
const WORKFLOW = 'version = 1\nnickname = "Handoff"\nstart = "agent"\n[steps.agent]\nroute = "support"\n';
const TEN_MINUTES_MS = 600_000;
const HOURS_MS = 5 * 3_600_000;

before(async () => {
  // Chats stay an agent's who is away: what goes back to the queue is in desk-live.test.js.
  const settings = '[desk]\ngrace_ms = 600000\n[services.default]\nworkflow = "line"\n';
  [browser, cluster] = await Promise.all([launch(), Cluster.start(2, settings, { line: WORKFLOW }, false)]);
});
after(async () => {
  await browser?.close();
  await cluster?.stop();
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/**
 * A page over a line of its own.
 * @param {Prepare} prepare
 * @param {import("playwright-core").BrowserContextOptions} [options]
 */
async function overLine(prepare, options) {
  const line = new Relay(cluster.nodes.map(({ url }) => url));
  const url = await line.start();
  const { page, context, complaints } = await newWindow(browser, options);
  await prepare(context);
  cleanups.push(async () => {
    await context.close();
    line.stop();
    assert.deepEqual(complaints, []);
  });
  return { line, url, page };
}

/** @typedef {(context: Context) => Promise<unknown>} Prepare what is to be so before a page is opened */

/**
 * A customer and an agent in a chat.
 * @param {Prepare} forHers
 * @param {Prepare} [forHis] the same, where it is not given
 */
async function conversation(forHers, forHis = forHers) {
  // Long logs are drawn in part: here all of it has room.
  const hers = await overLine(forHers, { viewport: { width: 480, height: 1600 } });
  const his = await overLine(forHis, { viewport: { width: 1280, height: 1600 } });
  const customer = new Customer(hers.page);
  const agent = new Agent(his.page);
  await agent.signIn(his.url, "demo", cluster.demoPassword());
  await agent.isReady();
  await customer.start(hers.url, "Zoë");
  await his.page.locator(".offer").getByRole("button", { name: "Accept" }).click();
  await hers.page.getByRole("heading", { name: "Demo Agent" }).waitFor();
  await customer.says("one");
  await agent.hears("one");
  await agent.says("two");
  await customer.hears("two");
  return { customer, agent, hers, his, both: [hers, his] };
}

/**
 * All that was said is there, once and in order, at both pages; then the chat ends.
 * @param {Chat} chat
 */
async function nothingIsMissing({ customer, agent, his }) {
  await until("all of it is there", async () => {
    const [said, heard] = [await customer.said(), await agent.said()];
    return said.length >= customer.texts.length && heard.length >= agent.texts.length;
  });
  for (const text of agent.texts) await customer.hears(text);
  for (const text of customer.texts) await agent.hears(text);
  assert.deepEqual(await customer.said(), customer.texts);
  assert.deepEqual(await agent.said(), agent.texts);
  assert.deepEqual(await customer.heard(), agent.texts);
  assert.deepEqual(await agent.heard(), customer.texts);
  await agent.leaves("End the chat");
  await his.page.getByText("You have left this chat.").waitFor();
}

/** @typedef {Awaited<ReturnType<typeof conversation>>} Chat */

/**
 * Loses something of both lines until both pages have given their connection up and tried another one.
 * @param {Chat["both"]} both
 * @param {Array<"out" | "in">} ways
 * @param {() => Promise<void>} meanwhile
 */
async function losing(both, ways, meanwhile) {
  const before = both.map(({ line }) => line.count);
  for (const { line } of both) line.lose(...ways);
  await meanwhile();
  await until("both try anew", () => both.every(({ line }, at) => line.count > Number(before[at])));
  for (const { line } of both) line.mend();
}

/** The page's clock and timers are the test's, and go on as ever until it moves them. */
const withClock = (/** @type {number} */ byMs) => (/** @type {Context} */ context) =>
  context.clock.install({ time: Date.now() + byMs });

test("lines that are gone for a minute, lose what goes one way, or are slow: all of it once, in order", async () => {
  const chat = await conversation(withClock(0));
  const { customer, agent, hers, his, both } = chat;
  await losing(both, ["out", "in"], async () => {
    for (const text of ["three", "four"]) await customer.says(text);
    await agent.says("five");
    await agent.field.fill("not sent yet");
    await hers.page.getByText("Connecting again … What you write is kept and sent.").waitFor();
    await his.page.getByText("Connecting again … Your chats are safe.").waitFor();
    // The minute goes by in the pages alone.
    for (const { page } of both) await page.clock.fastForward(60_000);
    await hers.page.getByText("No connection. We keep trying.").waitFor();
  });
  await customer.hears("five");
  await agent.hears("four");
  assert.equal(await agent.field.inputValue(), "not sent yet");
  for (const { page } of both) await page.getByText(/Connecting again|No connection/).waitFor({ state: "detached" });

  for (const way of /** @type {const} */ (["out", "in"])) {
    await losing(both, [way], async () => {
      await customer.says(`${way} to the agent`);
      await agent.says(`${way} to the customer`);
      await customer.field.fill("not sent yet");
    });
    await agent.hears(`${way} to the agent`);
    await customer.hears(`${way} to the customer`);
    assert.equal(await customer.field.inputValue(), "not sent yet");
  }

  for (const { line } of both) {
    // Browsers keep connections for requests to come: those that lost something are of no use.
    line.cut();
    line.pace = SLOW;
  }
  await Promise.all(both.map(({ page }) => page.reload()));
  for (const text of ["six", "seven", "eight 🐢"]) await customer.says(text);
  for (const text of ["nine", "ten"]) await agent.says(text);
  await nothingIsMissing(chat);
});

test("clocks that are wrong by hours, machines that sleep for ten minutes, clocks that are set right", async () => {
  const chat = await conversation(withClock(HOURS_MS), withClock(-HOURS_MS));
  const { customer, agent, hers, his, both } = chat;
  await customer.field.pressSequentially("My par");
  await his.page.locator(".typing .preview").getByText("My par").waitFor();
  await agent.field.pressSequentially("Good");
  await hers.page.locator(".typing").getByText("is typing").waitFor();

  // One after the other sleeps: the connection ends without a word, no timer runs, and the other says something.
  const sleeps = async (/** @type {typeof hers} */ { line, page }, /** @type {() => Promise<void>} */ meanwhile) => {
    line.lose("out", "in");
    await meanwhile();
    line.mend();
    await page.clock.fastForward(TEN_MINUTES_MS);
  };
  await sleeps(hers, () => agent.says("three"));
  await customer.hears("three");
  assert.equal(await customer.field.inputValue(), "My par");
  await agent.field.fill("the agent was about to");
  await sleeps(his, () => customer.says("four"));
  await agent.hears("four");
  assert.equal(await agent.field.inputValue(), "the agent was about to");

  // A connection that has just died is seen to, whatever the clock is set to.
  await losing(both, ["in"], async () => {
    for (const { page } of both) await page.clock.setSystemTime(Date.now());
    await customer.says("five");
    await agent.says("six");
  });
  await customer.hears("six");
  await agent.hears("five");
  await customer.field.pressSequentially("My next");
  await his.page.locator(".typing .preview").getByText("My next").waitFor();
  await nothingIsMissing(chat);
});

/** Of a page that was hidden for a while intervals, and timers that timers made, run once a minute; here not at all. */
const hidden = async (/** @type {Context} */ context) => {
  await context.addInitScript(() => {
    const page = /** @type {Window & {hides?: boolean}} */ (window);
    const [timeout, interval] = [window.setTimeout, window.setInterval];
    let depth = 0;
    const later = (/** @type {() => void} */ then, /** @type {number} */ ms) => {
      const nesting = depth + 1;
      return timeout(() => {
        if (page.hides && nesting >= 5) return;
        depth = nesting;
        then();
        depth = 0;
      }, ms);
    };
    const often = (/** @type {() => void} */ then, /** @type {number} */ ms) =>
      interval(() => page.hides || then(), ms);
    Object.assign(window, { setTimeout: later, setInterval: often });
    const is = (/** @type {unknown} */ shown, /** @type {unknown} */ not) => ({
      get: () => (page.hides ? not : shown),
    });
    Object.defineProperty(document, "hidden", is(false, true));
    Object.defineProperty(document, "visibilityState", is("visible", "hidden"));
  });
};

test("hidden pages whose timers hardly run keep their chat, through a silent line and a kill", async () => {
  const chat = await conversation(hidden);
  const { customer, agent, hers, his, both } = chat;
  const hide = (/** @type {boolean} */ hides) =>
    Promise.all(
      both.map(({ page }) =>
        page.evaluate((hides) => {
          Object.assign(window, { hides });
          document.dispatchEvent(new Event("visibilitychange"));
        }, hides),
      ),
    );
  await hide(true);
  await agent.says("three");
  await until("the title tells", async () => /1 new message/.test(await hers.page.title()));
  await losing(both, ["out", "in"], async () => undefined);
  await customer.says("four");
  await agent.hears("four");
  await cluster.nodes[0].kill();
  await agent.says("five");
  await customer.says("six");
  await agent.hears("six");
  await customer.hears("five");
  await cluster.nodes[0].start();
  await cluster.nodes[0].ready();
  await hide(false);
  await nothingIsMissing(chat);
  assert.equal(await his.page.getByText(/Connecting again|No connection/).count(), 0);
});
