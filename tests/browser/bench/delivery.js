// From Enter in one page to drawn in the other: customers and agents in windows of one browser, on real nodes.

import { randomInt } from "node:crypto";
import { newWindow, until } from "../support/browser.js";
import { Agent, Customer } from "../support/people.js";
import { clockDifference, figures } from "./figures.js";
import { timeMarks } from "./stopwatch.js";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {{pressed: Record<string, number>, drawn: Record<string, number>}} Marks */

const AGENTS = ["ann", "ben"];
const CHATS_EACH = 4;
/** The mean time between two messages of a customer, and between two answers of an agent. */
const CUSTOMER_PAUSE_MS = 2500;
const AGENT_PAUSE_MS = 800;
/** Between the last letter and Enter, so that what is typed is seen by the agent before it is sent. */
const BEFORE_ENTER_MS = 200;

let lastMark = 0;

/**
 * Talks until `messages` were sent and drawn, and tells how long they took.
 * @param {import("playwright-core").Browser} browser
 * @param {import("../support/cluster.js").Cluster} cluster with the agents `ann` and `ben`
 * @param {string} password theirs
 * @param {number} messages
 */
export async function measureDelivery(browser, cluster, password, messages) {
  const people = await openChats(browser, cluster, password);
  const { agents, customers } = people;
  const clocks = await Promise.all(customers.map(({ page }) => lookAtClocks(page, agents[0].page)));
  const first = lastMark + 1;
  const goesOn = () => lastMark - first + 1 < messages;
  const acts = [
    ...customers.map((one) => customerTalks(one, goesOn)),
    ...agents.map((one) => agentAnswers(one, goesOn)),
  ];
  await Promise.all(acts);
  const sent = lastMark - first + 1;
  const of = async () => {
    const read = (/** @type {Agent[] | Customer[]} */ some) => Promise.all(some.map(({ page }) => marksOf(page)));
    return { customers: join(await read(customers)), agents: join(await read(agents)) };
  };
  const all = await until("every message is drawn on the other side", async () => {
    const { customers, agents } = await of();
    const there = times(customers, agents);
    const back = times(agents, customers);
    return there.length + back.length >= sent ? { there, back } : null;
  });
  await Promise.all([...agents, ...customers].map(({ page }) => page.context().close()));
  const nodes = cluster.nodes.length === 1 ? "one node" : `${cluster.nodes.length} nodes`;
  return {
    figures: [
      figures(`${nodes}: customer's Enter to drawn at the desk`, all.there),
      figures(`${nodes}: agent's Enter to drawn at the customer's`, all.back),
    ],
    clocks: clocks.map(clockDifference),
  };
}

/**
 * Every customer in a chat with an agent.
 * @param {import("playwright-core").Browser} browser
 * @param {import("../support/cluster.js").Cluster} cluster
 * @param {string} password
 */
async function openChats(browser, { nodes }, password) {
  /** @param {number} n @param {import("playwright-core").BrowserContextOptions} [options] */
  const open = async (n, options) => {
    const { page, context } = await newWindow(browser, options);
    await context.addInitScript(timeMarks);
    return { page, url: /** @type {{url: string}} */ (nodes[n % nodes.length]).url };
  };
  /** @type {Agent[]} */
  const agents = [];
  for (const [n, name] of AGENTS.entries()) {
    const { page, url } = await open(n + 1, { viewport: { width: 1280, height: 800 } });
    const agent = new Agent(page);
    await agent.signIn(url, name, password);
    await agent.isReady();
    agents.push(agent);
  }
  /** @type {Customer[]} */
  const customers = [];
  for (let n = 0; n < AGENTS.length * CHATS_EACH; n += 1) {
    const { page, url } = await open(n);
    const customer = new Customer(page);
    await customer.start(url, `Customer ${n + 1}`);
    await customer.hears("Hello, I am Robin");
    await customer.says("I want to talk to a person, please");
    customers.push(customer);
  }
  await Promise.all(agents.map((agent) => takesChats(agent.page, CHATS_EACH)));
  await Promise.all(customers.map(({ page }) => page.getByRole("heading", { name: /^(ann|ben)$/ }).waitFor()));
  return { agents: /** @type {[Agent, ...Agent[]]} */ (agents), customers };
}

/**
 * Accepts what is offered until the agent has so many chats.
 * @param {Page} page
 * @param {number} count
 */
export async function takesChats(page, count) {
  const rows = page.locator(".chats [data-chat]");
  await until(`the agent has ${count} chats`, async () => {
    if ((await rows.count()) >= count) return true;
    const accept = page.locator(".offer").getByRole("button", { name: "Accept" }).first();
    if (await accept.isEnabled({ timeout: 200 }).catch(() => false)) await accept.click();
    return false;
  });
}

/**
 * @param {Agent | Customer} person
 */
async function writes({ field, page }) {
  lastMark += 1;
  await field.fill(`#${lastMark}# and how long may that take, please?`);
  await page.waitForTimeout(BEFORE_ENTER_MS);
  await field.press("Enter");
}

/** @param {Page} page @param {number} mean as people wait: at least half of it, at most half more */
const pause = (page, mean) => page.waitForTimeout(mean / 2 + randomInt(mean));

/** @param {Customer} customer @param {() => boolean} goesOn */
async function customerTalks(customer, goesOn) {
  for (;;) {
    await pause(customer.page, CUSTOMER_PAUSE_MS);
    if (!goesOn()) return;
    await writes(customer);
  }
}

/** Goes from chat to chat. @param {Agent} agent @param {() => boolean} goesOn */
async function agentAnswers(agent, goesOn) {
  const { page } = agent;
  const rows = await page
    .locator(".chats [data-chat]")
    .evaluateAll((all) => all.map((row) => row.getAttribute("data-chat")));
  for (let n = 0; ; n += 1) {
    await pause(page, AGENT_PAUSE_MS);
    if (!goesOn()) return;
    await page.locator(`.chats [data-chat="${rows[n % rows.length]}"] button[aria-current]`).click();
    await writes(agent);
  }
}

/** @param {Page} page @returns {Promise<Marks>} */
const marksOf = (page) => page.evaluate(() => /** @type {any} */ (globalThis).marks);

/** Of several readers one has it. @param {Marks[]} all @returns {Marks} */
function join(all) {
  const one = (/** @type {keyof Marks} */ what) => Object.assign({}, ...all.map((marks) => marks[what]));
  return { pressed: one("pressed"), drawn: one("drawn") };
}

/** @param {Marks} writers @param {Marks} readers */
function times(writers, readers) {
  return Object.entries(writers.pressed).flatMap(([mark, pressed]) => {
    const drawn = readers.drawn[mark];
    return drawn ? [drawn - pressed] : [];
  });
}

/** @param {Page} first @param {Page} second */
async function lookAtClocks(first, second) {
  const now = (/** @type {Page} */ page) => page.evaluate(() => performance.timeOrigin + performance.now());
  /** @type {[number, number, number][]} */
  const looks = [];
  for (let n = 0; n < 50; n += 1) looks.push([await now(first), await now(second), await now(first)]);
  return looks;
}
