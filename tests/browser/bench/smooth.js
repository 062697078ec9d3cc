// Whether the desk stays smooth with many chats and with a long one: tasks that held the page's thread for 50 ms or
// more while one scrolls, goes from chat to chat and receives. Against a scripted server: the page alone counts.

import { newWindow, until } from "../support/browser.js";
import { DESK_SITE, DeskServer } from "../support/desk.js";
import { timeLongTasks } from "./stopwatch.js";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {{what: string, tasks: number, longest: number}} Held */

const CHATS = 200;
const MESSAGES = 10_000;
const STEPS = 60;
const STEP_MS = 50;

/** @param {import("playwright-core").Browser} browser */
export async function measureSmoothness(browser) {
  const { page, context } = await newWindow(browser, { viewport: { width: 1280, height: 800 } });
  const server = new DeskServer();
  server.capacity = CHATS;
  for (let n = 0; n < CHATS; n += 1)
    server.chat(`C${n}`, n === 0 ? conversation(MESSAGES) : conversation(20), named(n));
  await context.addInitScript(timeLongTasks);
  await server.serve(context);
  await page.goto(`${DESK_SITE}/agent?lang=en`);
  await page.getByLabel("Name").fill("ann");
  await page.getByLabel("Password").fill("a password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page
    .locator(".chats [data-chat]")
    .nth(CHATS - 1)
    .waitFor();
  await until("all has come", async () => (await page.locator(".row-text:not(:empty)").count()) === CHATS);
  const held = [await heldIn(page, "all of it comes", async () => {})];
  const open = (/** @type {number} */ n) => page.locator(`[data-chat="C${n}"] button[aria-current]`).click();
  held.push(await heldIn(page, `a chat of ${MESSAGES} messages is opened`, () => open(0)));
  held.push(await heldIn(page, "it is scrolled", () => scroll(page)));
  held.push(await heldIn(page, "it receives", () => receive(page, server, () => 0)));
  held.push(
    await heldIn(page, `one goes through ${STEPS} of ${CHATS} chats`, () => repeat(page, (n) => open(n % CHATS))),
  );
  held.push(await heldIn(page, `${CHATS} chats receive`, () => receive(page, server, (n) => (n * 7) % CHATS)));
  server.stop();
  await context.close();
  return held;
}

/** @param {number} n */
const named = (n) => ({ nickname: `Customer ${n}` });

/** @param {number} count */
function conversation(count) {
  const text = "Where is my parcel, please? It should have been here a week ago. ";
  return Array.from({ length: count }, (_, n) => ({
    type: "message",
    by: 1 + (n % 2),
    text: text.repeat(1 + (n % 3)),
  }));
}

/**
 * What was held until now and meanwhile.
 * @param {Page} page
 * @param {string} what
 * @param {() => Promise<void>} act
 * @returns {Promise<Held>}
 */
async function heldIn(page, what, act) {
  await act();
  // Tasks are told after they have ended.
  await page.waitForTimeout(500);
  /** @type {number[]} */
  const tasks = await page.evaluate(() => /** @type {any} */ (globalThis).tasks.splice(0));
  return { what, tasks: tasks.length, longest: Math.max(0, ...tasks) };
}

/** @param {Page} page @param {(step: number) => unknown} step */
async function repeat(page, step) {
  for (let n = 1; n <= STEPS; n += 1) {
    await step(n);
    await page.waitForTimeout(STEP_MS);
  }
}

/** Up by the wheel, then far up and down again. @param {Page} page */
async function scroll(page) {
  await page.locator(".log").hover();
  await repeat(page, () => page.mouse.wheel(0, -600));
  await page.keyboard.press("Tab");
  const to = (/** @type {number} */ part) =>
    page.locator(".log").evaluate((log, part) => void (log.scrollTop = log.scrollHeight * part), part);
  await repeat(page, (n) => to(1 - n / STEPS));
  await to(1);
}

/** @param {Page} page @param {DeskServer} server @param {(n: number) => number} chat */
const receive = (page, server, chat) =>
  repeat(page, (n) => server.happens(`C${chat(n)}`, [{ type: "message", by: 1, text: `Are you there? ${n}` }]));
