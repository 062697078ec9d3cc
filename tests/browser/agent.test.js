// The agents' desk against a scripted server: sign-in, offers, several chats, what survives a reload or a lost connection,
// and what customers do that is hard on a page.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { launch, newWindow, until } from "./support/browser.js";
import { DESK_SITE, DeskServer, PARTICIPANTS } from "./support/desk.js";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("./support/desk.js").Frame} Frame */

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Array<() => Promise<void>>} */
const cleanups = [];
before(async () => {
  browser = await launch();
});
after(() => browser.close());
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** @param {{server?: DeskServer, options?: import("playwright-core").BrowserContextOptions}} [how] */
async function open({ server = new DeskServer(), options = {} } = {}) {
  const opened = await newWindow(browser, { viewport: { width: 1280, height: 800 }, ...options });
  const { page, context, complaints } = opened;
  await server.serve(context);
  cleanups.push(async () => {
    server.stop();
    await context.close();
    assert.deepEqual(complaints, []);
  });
  await page.goto(`${DESK_SITE}/agent`);
  return { page, context, server };
}

/** @param {Page} page */
async function enter(page) {
  await page.getByLabel("Name").fill("ann");
  await page.getByLabel("Password").fill("secret");
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** @param {Parameters<typeof open>[0]} [how] */
async function signedIn(how) {
  const opened = await open(how);
  await enter(opened.page);
  await opened.page.locator("#status").waitFor();
  return opened;
}

const field = (/** @type {Page} */ page) => page.getByRole("textbox", { name: "Write a message" });
const row = (/** @type {Page} */ page, /** @type {string} */ chat) => page.locator(`.chats [data-chat=${chat}] button`);
const bubbles = (/** @type {Page} */ page) => page.locator(".middle .bubble").allTextContents();

/**
 * @param {Page} page
 * @param {string} text
 */
async function say(page, text) {
  await field(page).fill(text);
  await field(page).press("Enter");
}

/**
 * @param {string} code
 * @param {Frame} [more]
 */
const refused = (code, more = {}) => ({ error: { code, message: "no", retry: false, ...more } });

test("a wrong password, too many tries and an end elsewhere are each said in words", async () => {
  const { page, server } = await open();
  server.instead = () => refused("wrong_password");
  await enter(page);
  await page.getByText("Name or password is wrong.").waitFor();
  server.instead = () => refused("slow_down", { retry: true, retry_ms: 60_000 });
  await enter(page);
  await page.getByText("Too many tries.").waitFor();
  server.instead = () => undefined;
  await enter(page);
  await page.locator("#status").waitFor();
  server.status = { state: "signed_out", reason: "" };
  server.desk();
  await page.getByText("You were signed out in another window.").waitFor();
});

test("no password is kept; after a token that is over it is asked for, and what was not sent goes on", async () => {
  const server = new DeskServer();
  server.chat("C1");
  const { page } = await signedIn({ server });
  const kept = () => page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }]));
  assert.ok(!(await kept()).includes("secret"));
  await row(page, "C1").click();
  server.instead = (command) => (command.do === "send" ? null : command.token ? refused("token_expired") : undefined);
  await say(page, "one");
  await until("it is on its way", () => server.commands("send").length === 1);
  server.last.close();
  await page.getByText("Please sign in again.").waitFor();
  assert.equal(await page.getByLabel("Name").inputValue(), "ann");
  server.instead = () => undefined;
  await enter(page);
  await until("it goes again", () => server.commands("send").length === 2);
  const [first, second] = server.commands("send");
  assert.deepEqual([second.id, second.text], [first.id, "one"]);
});

test("the status is chosen with the keyboard, with a reason", async () => {
  const { page, server } = await signedIn();
  await page.locator("#status").focus();
  await page.keyboard.press("Enter");
  for (let step = 0; step < 2; step += 1) await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.locator("#status").getByText("Break").waitFor();
  assert.equal(server.commands("not_ready")[0].reason, "break");
});

test("what was refused and what did not reach the customer is told in words, and what is for programs is not", async () => {
  const server = new DeskServer();
  server.chat("C1");
  const { page } = await signedIn({ server });
  await row(page, "C1").click();
  server.instead = (command) => (command.do === "send" ? refused("window_closed") : undefined);
  await say(page, "too late");
  await page.getByText("Not sent: the customer can’t be answered until they write again").waitFor();
  const [sent] = server.happens("C1", [{ type: "message", by: 2, text: "hello" }]);
  server.happens("C1", [
    { type: "delivery", by: 0, of: sent.index, state: "failed", reason: "blocked" },
    { type: "custom_notice", by: 1, text: "for programs" },
    { type: "cheered", by: 1, text: "hooray" },
  ]);
  await page.locator(".line").getByText("hooray").waitFor();
  await page.locator(".line").getByText("A message did not reach the customer").waitFor();
  assert.equal(await page.getByText("for programs").count(), 0);
});

test("several chats: unread ones are counted, and each has its own draft and conversation", async () => {
  const server = new DeskServer();
  for (const chat of ["C1", "C2"]) server.chat(chat, [{ type: "message", by: 1, text: `from ${chat}` }]);
  const { page } = await signedIn({ server });
  await row(page, "C1").click();
  await page.locator(".bubble").getByText("from C1").waitFor();
  await field(page).fill("a draft");
  server.happens("C2", [{ type: "message", by: 1, text: "again" }]);
  await row(page, "C2").getByText("2 unread messages").waitFor();
  await row(page, "C2").click();
  await page.locator(".bubble").getByText("again").waitFor();
  assert.equal(await field(page).inputValue(), "");
  assert.deepEqual(await bubbles(page), ["from C2", "again"]);
  await row(page, "C1").click();
  assert.equal(await field(page).inputValue(), "a draft");
});

test("unread messages, the open chat and drafts are there after a reload, and gone after sign-out", async () => {
  const server = new DeskServer();
  for (const chat of ["C1", "C2"]) server.chat(chat, [{ type: "message", by: 1, text: `from ${chat}` }]);
  const { page } = await signedIn({ server });
  await row(page, "C1").click();
  await field(page).fill("half a thought");
  server.happens("C2", [{ type: "message", by: 1, text: "hello?" }]);
  await row(page, "C2").getByText("2 unread messages").waitFor();
  await page.reload();
  await page.locator(".bubble").getByText("from C1").waitFor();
  assert.equal(await field(page).inputValue(), "half a thought");
  await row(page, "C2").getByText("2 unread messages").waitFor();
  server.work = [];
  server.desk();
  await page.getByRole("button", { name: /settings and sign-out/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByLabel("Password").waitFor();
  const kept = await page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }]));
  assert.ok(!kept.includes("half a thought"));
});

test("what was typed when a chat was over stays to be copied, and does not stand in the next one", async () => {
  const server = new DeskServer();
  for (const chat of ["C1", "C2"]) server.chat(chat);
  const { page } = await signedIn({ server });
  await row(page, "C1").click();
  await field(page).fill("I will look at");
  Object.assign(server.work[0], { stage: "over", why: "ended" });
  server.desk();
  assert.equal(await page.getByLabel("Written and not sent").inputValue(), "I will look at");
  await page.getByRole("button", { name: "Remove from the list" }).click();
  await row(page, "C2").click();
  assert.equal(await field(page).inputValue(), "");
});

test("an agent whose connection was gone for too long is told that, not that the chat has ended", async () => {
  const server = new DeskServer();
  server.chat("C1");
  const { page } = await signedIn({ server });
  await row(page, "C1").click();
  Object.assign(server.work[0], { stage: "over", why: "lost" });
  server.desk();
  await page.getByText("Your connection was gone for too long: this chat went to somebody else.").waitFor();
  assert.equal(await page.getByText(/has ended/).count(), 0);
});

test("the customer’s typing is seen before they send; their leaving leaves the chat to the agent, who ends it", async () => {
  const server = new DeskServer();
  server.chat("C1");
  const { page } = await signedIn({ server });
  await row(page, "C1").click();
  // What is typed in the first moment may be old, and is not shown.
  await until("it is seen", async () => {
    server.types("C1", "I wou");
    return page.locator(".typing").getByText("I wou").isVisible();
  });
  server.happens("C1", [{ type: "left", by: 1, reason: "left" }]);
  await page.getByText("The customer has left.").waitFor();
  await page.getByRole("button", { name: "End", exact: true }).click();
  await page.getByRole("menuitem", { name: /^End the chat/ }).click();
  await page.getByText("You have left this chat.").waitFor();
  assert.equal(server.commands("leave")[0].how, "close_if_no_agents");
  await page.getByRole("button", { name: "Remove from the list" }).click();
  await page.getByText("Ready. The next chat comes to you.").waitFor();
});

test("an accepted chat shows nothing of what its customer had been typing long before", async () => {
  const { page, server } = await signedIn();
  const typing = [{ at: Date.now() - 600_000, by: 1, index: 50, preview: "an old word", started: true }];
  server.more.set("C1", { participants: PARTICIPANTS, typing });
  server.happens("C1", [{ type: "message", by: 1, text: "hello", at: Date.now() - 700_000 }]);
  server.offer("C1");
  await page.getByRole("button", { name: "Accept" }).click();
  await page.locator(".bubble").getByText("hello").waitFor();
  server.happens("C1", [{ type: "message", by: 3, text: "a word of the bot" }]);
  await page.locator(".bubble").getByText("a word of the bot").waitFor();
  assert.equal(await page.getByText("an old word").count(), 0);
});

test("Enter that belongs to an input method sends nothing", async () => {
  const server = new DeskServer();
  server.chat("C1");
  const { page } = await signedIn({ server });
  await row(page, "C1").click();
  await field(page).fill("にほん");
  for (const of of [{ isComposing: true }, { keyCode: 229 }]) {
    await field(page).evaluate((element, how) => {
      element.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, ...how }));
    }, of);
  }
  assert.equal(await field(page).inputValue(), "にほん");
  await field(page).press("Enter");
  await until("it is sent", () => server.commands("send").length > 0);
  assert.equal(server.commands("send").length, 1);
});

test("names neither turn nor cover what is around them, and one that shows nothing has a word in its place", async () => {
  const server = new DeskServer();
  const names = { C1: "\u202eevil\u2066", C2: `Z${"\u0301".repeat(80)}`, C3: "\u2800\u200b" };
  for (const [chat, nickname] of Object.entries(names)) server.chat(chat, [], { nickname });
  const { page } = await signedIn({ server });
  await row(page, "C3").getByText("Customer").waitFor();
  assert.ok(!(await page.locator(".list").innerText()).includes("\u202e"), "no mark turns what follows");
  const name = row(page, "C2").locator(".row-name");
  const [height, overflow] = await name.evaluate((one) => [one.clientHeight, getComputedStyle(one).overflowY]);
  assert.ok(Number(height) <= 28 && overflow !== "visible", `${height} ${overflow}`);
  await row(page, "C1").click();
  await page.getByRole("heading", { name: "evil" }).first().waitFor();
});

test("the desk speaks each language, and its form fits on a narrow phone", async () => {
  const { page } = await open({ options: { viewport: { width: 320, height: 568 } } });
  const titles = new Set();
  for (const language of ["en", "de", "es", "fr", "ar", "ja"]) {
    await page.goto(`${DESK_SITE}/agent?lang=${language}`);
    await page.locator(".sign-in h1").waitFor();
    titles.add(await page.locator(".sign-in .primary").textContent());
    const shown = await page.evaluate(() => {
      const { lang, dir, scrollWidth } = document.documentElement;
      return { lang, dir, overflow: scrollWidth - innerWidth };
    });
    assert.deepEqual(shown, { lang: language, dir: language === "ar" ? "rtl" : "ltr", overflow: 0 });
  }
  assert.equal(titles.size, 6);
});
