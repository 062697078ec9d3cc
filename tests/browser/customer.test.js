// The customer's page of a node, on which the widget fills the window, against a scripted server: what is the page's own,
// and what customers do that is hard on a chat.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { violations } from "./support/axe.js";
import { launch, until } from "./support/browser.js";
import { NODE, openShop, OTHER, PARTICIPANTS, Server } from "./support/widget.js";

/** @typedef {import("playwright-core").Page} Page */

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

/** @param {{server?: Server, query?: string, options?: import("playwright-core").BrowserContextOptions}} [how] */
async function open({ query = "", ...how } = {}) {
  const opened = await openShop(browser, { ...how, url: `${NODE}/${query}` });
  cleanups.push(async () => {
    await opened.context.close();
    assert.deepEqual(opened.complaints, []);
  });
  return opened;
}

const field = (/** @type {Page} */ page) => page.getByRole("textbox", { name: "Write a message" });
const bubbles = (/** @type {Page} */ page) => page.locator(".bubble").allTextContents();

/** @param {Page} page */
async function start(page) {
  await page.getByLabel("Name").fill("Leonie");
  await page.getByRole("button", { name: "Start the chat" }).click();
  await field(page).waitFor();
}

/**
 * @param {Page} page
 * @param {string} text
 */
async function say(page, text) {
  await field(page).fill(text);
  await field(page).press("Enter");
}

/**
 * What a paste or a program puts into the field, which a keyboard could not.
 * @param {Page} page
 * @param {string} text
 */
async function put(page, text) {
  await field(page).evaluate((element, value) => {
    /** @type {HTMLTextAreaElement} */ (element).value = value;
    element.dispatchEvent(new InputEvent("input", { bubbles: true, composed: true }));
  }, text);
}

test("the page is the chat alone: a landmark and a heading, named as the service, with nothing that closes it", async () => {
  const server = new Server();
  server.service = { title: { "*": "Support" }, open: true };
  const { page } = await open({ server });
  await page.getByLabel("Name").waitFor();
  await page.getByRole("main", { name: "Support" }).waitFor();
  await page.getByRole("heading", { level: 1, name: "Support" }).waitFor();
  await until("its name", async () => (await page.title()) === "Support");
  await page.keyboard.press("Escape");
  assert.equal(await page.getByRole("main").isVisible(), true);
  for (const name of ["Open the chat", "Minimise"]) assert.equal(await page.getByRole("button", { name }).count(), 0);
  const box = await page.getByRole("main").boundingBox();
  assert.deepEqual([box?.y, box?.height], [0, 760]);
});

test("the address picks the service and the language, which turns the whole page", async () => {
  const { page, server } = await open({ query: "?service=sales&lang=ar" });
  await page.locator(".form input").first().fill("Leonie");
  await page.locator(".form .primary").click();
  await page.locator(".composer textarea").waitFor();
  assert.equal(server.asked("start")[0].service, "sales");
  const shown = await page.evaluate(() => [document.documentElement.lang, document.documentElement.dir]);
  assert.deepEqual(shown, ["ar", "rtl"]);
});

test("the page turns to the nodes that it was served with when its own is gone", async () => {
  const server = new Server();
  server.nodes = [OTHER];
  const { page } = await open({ server });
  await start(page);
  server.dead = [NODE];
  server.cut();
  await say(page, "still there?");
  await page.locator(".bubble").getByText("still there?").waitFor();
  await until("it is sent", () => server.asked("send").length === 1);
  assert.deepEqual([server.reached[0], server.reached.at(-1)], [NODE, OTHER]);
});

test("each language has its own words, nothing is without a name, and all fits on a narrow phone", async () => {
  const { page } = await open({ options: { viewport: { width: 320, height: 568 } } });
  const starts = new Set();
  for (const language of ["en", "de", "es", "fr", "ar", "ja"]) {
    await page.goto(`${NODE}/?lang=${language}`);
    await page.locator(".form input").first().waitFor();
    starts.add(await page.locator(".form .primary").textContent());
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.deepEqual([overflow, await violations(page)], [0, []], language);
  }
  assert.equal(starts.size, 6);
});

test("a reload and a new tab go on with the chat, and with what was not sent yet", async () => {
  const { page, server, context } = await open();
  await start(page);
  await say(page, "before");
  await page.locator(".bubble").getByText("before").waitFor();
  server.instead = (command) => (command.do === "send" ? null : undefined);
  await say(page, "during");
  await until("it is on its way", () => server.asked("send").length === 2);
  server.instead = () => undefined;
  await page.reload();
  await until("all is there", async () => (await bubbles(page)).join() === "before,during");
  assert.deepEqual(
    server.asked("send").map(({ number }) => number),
    [1, 2, 2],
  );
  const other = await context.newPage();
  await other.goto(`${NODE}/`);
  await until("the new tab has it", async () => (await bubbles(other)).join() === "before,during");
});

test("two tabs of one chat may say the same: both are said", async () => {
  const { page, server, context } = await open();
  await start(page);
  const other = await context.newPage();
  await other.goto(`${NODE}/`);
  await field(other).waitFor();
  await Promise.all([say(page, "Yes"), say(other, "Yes")]);
  for (const one of [page, other]) {
    await until("both are there", async () => (await bubbles(one)).join() === "Yes,Yes");
    await until("both are sent", async () => (await one.locator(".waiting").count()) === 0);
  }
  assert.equal(server.events.filter(({ type }) => type === "message").length, 2);
});

test("what is pasted and too large for a frame says so, and keeps nothing else from being sent", async () => {
  const { page, server } = await open();
  await start(page);
  await put(page, "long ".repeat(60_000));
  await field(page).press("Enter");
  await page.getByText(/^Not sent/).waitFor();
  await say(page, "short");
  await until("it is there", () => server.events.some(({ text }) => text === "short"));
  assert.deepEqual(
    server.asked("send").map(({ text }) => text),
    ["short"],
  );
});

test("what is too large for a frame is still there after a reload, and the chat can be ended beside it", async () => {
  const { page, server } = await open();
  await start(page);
  await put(page, "long ".repeat(60_000));
  await field(page).press("Enter");
  await page.getByText(/^Not sent/).waitFor();
  await page.reload();
  await page.getByText(/^Not sent/).waitFor();
  await say(page, "short");
  await until("it is there", () => server.events.some(({ text }) => text === "short"));
  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "End the chat" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "End the chat" }).click();
  await page.getByRole("button", { name: "Write again" }).waitFor();
  assert.equal(server.asked("leave").length, 1);
  await page.getByRole("button", { name: "Write again" }).click();
  await start(page);
  assert.equal(await page.getByText(/^Not sent/).count(), 0);
});

test("a name that shows nothing is asked for again, and a message that does is not sent", async () => {
  const { page, server } = await open();
  for (const nothing of ["\u200b", "\u2800\u3164", " \u00a0 "]) {
    await page.getByLabel("Name").fill(nothing);
    await page.getByRole("button", { name: "Start the chat" }).click();
    await page.getByText("Please fill this in.").waitFor();
  }
  assert.equal(server.asked("start").length, 0);
  await start(page);
  for (const nothing of ["\u200b", "\u2800\u3164", " \n\u00a0"]) await say(page, nothing);
  await say(page, "words");
  await until("it is there", () => server.events.some(({ text }) => text === "words"));
  assert.deepEqual(
    server.asked("send").map(({ text }) => text),
    ["words"],
  );
});

test("a chat goes on in a tab that is opened after all were closed", async () => {
  const { page, context } = await open();
  await start(page);
  await say(page, "before");
  await until("it is sent", async () => (await page.locator(".message.mine.sent").count()) === 1);
  await page.close();
  const later = await context.newPage();
  await later.goto(`${NODE}/`);
  await until("it is there", async () => (await bubbles(later)).join() === "before");
});

test("a half of an emoji is sent as what stands for it, and a preview has whole ones", async () => {
  const { page, server } = await open();
  await start(page);
  const family = "👨‍👩‍👧‍👦";
  await put(page, `${"x".repeat(495)}${family}`);
  const shown = await until("the preview", () => server.asked("typing").findLast(({ started }) => started));
  assert.equal(shown.preview, "x".repeat(495));
  await put(page, "half \ud83d here");
  await field(page).press("Enter");
  await until("it is there", () => server.events.some(({ text }) => text === "half \ufffd here"));
});

test("Enter that belongs to an input method sends nothing", async () => {
  const { page, server } = await open();
  await start(page);
  await field(page).fill("にほん");
  for (const of of [{ isComposing: true }, { keyCode: 229 }, { key: "Process", keyCode: 229 }]) {
    await field(page).evaluate((element, how) => {
      element.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, composed: true, ...how }));
    }, of);
  }
  assert.equal(await field(page).inputValue(), "にほん");
  await field(page).press("Enter");
  await until("it is sent", () => server.asked("send").length > 0);
  assert.deepEqual(
    server.asked("send").map(({ text }) => text),
    ["にほん"],
  );
});

test("what was typed by others long ago is not shown as typing after a reload", async () => {
  const { page, server } = await open();
  await start(page);
  server.say([{ type: "message", by: 3, text: "One moment" }]);
  await page.locator(".bubble").getByText("One moment").waitFor();
  const old = { index: 500, at: Date.now() - 3_600_000, by: 3, started: true, preview: null };
  const frame = server.frame.bind(server);
  server.frame = (events) => ({ ...frame(events), typing: [old] });
  await page.reload();
  await page.locator(".bubble").getByText("One moment").waitFor();
  server.frame = frame;
  server.say([{ type: "message", by: 2, text: "a word of the bot" }]);
  await page.locator(".bubble").getByText("a word of the bot").waitFor();
  assert.equal(await page.getByText("is typing").count(), 0);
});

test("what was typed when the chat ended stays to be copied until the next one begins, and is not said there", async () => {
  const { page, server } = await open();
  await start(page);
  await field(page).fill("one more question");
  server.end();
  await page.getByRole("button", { name: "Write again" }).waitFor();
  assert.equal(await page.getByLabel("Written and not sent").inputValue(), "one more question");
  await page.getByRole("button", { name: "Write again" }).click();
  assert.equal(await page.getByLabel("Written and not sent").inputValue(), "one more question");
  await start(page);
  assert.equal(await field(page).inputValue(), "");
  assert.equal(await page.getByLabel("Written and not sent").count(), 0);
  assert.equal(server.asked("send").length, 0);
});

test("what waited when the chat ended can be taken back or mended, but not sent again into it", async () => {
  const { page, server } = await open();
  await start(page);
  server.instead = (command) => (command.do === "send" ? null : undefined);
  await say(page, "too late");
  await until("it is on its way", () => server.asked("send").length === 1);
  server.end();
  await page.getByText(/^Not sent/).waitFor();
  assert.equal(await page.getByRole("button", { name: "Send again" }).count(), 0);
  await page.getByRole("button", { name: "Edit" }).click();
  assert.equal(await page.getByLabel("Written and not sent").inputValue(), "too late");
});

test("a chat that is there no more says so instead of trying for ever", async () => {
  const { page, server } = await open();
  await start(page);
  server.instead = (command) =>
    command.do === "resume" ? { error: { code: "unknown_chat", message: "no such chat", retry: false } } : undefined;
  server.cut();
  await page.getByText("This chat is no longer available.").waitFor();
  await page.getByRole("button", { name: "Write again" }).waitFor();
});

test("Shift and Enter make a line; markup is text; each message has its own direction", async () => {
  const { page, server } = await open();
  await start(page);
  await field(page).fill("first");
  await field(page).press("Shift+Enter");
  await field(page).pressSequentially("<img src=x onerror=alert(1)>");
  await field(page).press("Enter");
  await page.locator(".bubble").getByText("<img src=x").waitFor();
  assert.equal(server.asked("send")[0].text, "first\n<img src=x onerror=alert(1)>");
  server.say([{ type: "message", by: 2, text: "مرحبا، كيف حالك؟" }]);
  const arabic = page.locator(".theirs .bubble").last();
  await arabic.waitFor();
  assert.equal(await arabic.evaluate((element) => getComputedStyle(element).direction), "rtl");
});

test("links end where people see their end, also among Arabic words, and are not turned round", async () => {
  const { page, server } = await open();
  await start(page);
  server.say([
    { type: "message", by: 3, text: 'see (https://example.com/a_(b)?c=1) or "www.example.org".' },
    { type: "message", by: 3, text: "انظر https://example.com/x/y، شكرا" },
  ]);
  await page.getByRole("link").nth(2).waitFor();
  const links = await page
    .getByRole("link")
    .evaluateAll((all) =>
      all.map((one) => [one.getAttribute("href"), one.textContent, getComputedStyle(one).direction]),
    );
  assert.deepEqual(links, [
    ["https://example.com/a_(b)?c=1", "https://example.com/a_(b)?c=1", "ltr"],
    ["https://www.example.org/", "www.example.org", "ltr"],
    ["https://example.com/x/y", "https://example.com/x/y", "ltr"],
  ]);
});

test("names neither turn nor cover what is around them, and one that shows nothing has a word in its place", async () => {
  const server = new Server();
  const names = ["أحمد", "\u202eevil\u2066", `Z${"\u0301".repeat(80)}`, "\u2800\u200b"];
  const { page } = await open({ server });
  const people = names.map((nickname, n) => ({
    number: 4 + n,
    role: "agent",
    nickname,
    user_id: `${4 + n}`,
    me: false,
  }));
  const frame = server.frame.bind(server);
  server.frame = (events) => ({ ...frame(events), participants: [...PARTICIPANTS, ...people] });
  await start(page);
  for (const { number } of people) {
    server.say([
      { type: "joined", by: number },
      { type: "message", by: number, text: `from ${number}` },
    ]);
  }
  await page.locator(".bubble").getByText("from 7").waitFor();
  const lines = page.locator(".line").filter({ hasText: "is here now" });
  assert.equal(await lines.count(), 4);
  assert.ok(await nameIsLeftOf(lines.first(), "أحمد", "is here now"), "the sentence begins with the name");
  assert.ok(!(await page.locator(".panel").innerText()).includes("\u202e"), "no mark turns what follows");
  const head = page.locator(".head").filter({ hasText: "Z\u0301" });
  const tall = await head.evaluate((element) => [element.clientHeight, getComputedStyle(element).overflowY]);
  assert.ok(Number(tall[0]) <= 24 && tall[1] === "clip", String(tall));
  assert.match((await lines.nth(3).innerText()).replace(/[\u2066-\u2069]/g, ""), /^\p{L}.* is here now/u);
});

/**
 * Whether a name is drawn left of the words that follow it.
 * @param {import("playwright-core").Locator} line
 * @param {string} name
 * @param {string} words
 */
function nameIsLeftOf(line, name, words) {
  return line.evaluate(
    (element, [first, second]) => {
      const text = document.createTreeWalker(element, NodeFilter.SHOW_TEXT).nextNode();
      const box = (/** @type {string} */ part) => {
        const range = document.createRange();
        const at = text?.textContent?.indexOf(part) ?? -1;
        range.setStart(/** @type {Node} */ (text), at);
        range.setEnd(/** @type {Node} */ (text), at + part.length);
        return range.getBoundingClientRect();
      };
      return box(first).right <= box(second).left + 1;
    },
    [name, words],
  );
}

test("the website that is an example has the chat by its tag, and it goes on over its pages", async () => {
  const server = new Server();
  const opened = await openShop(browser, { server, url: `${NODE}/examples/site` });
  cleanups.push(async () => {
    await opened.context.close();
    assert.deepEqual(opened.complaints, []);
  });
  const { page } = opened;
  assert.deepEqual(await violations(page), []);
  await page.getByRole("button", { name: "Open the chat" }).click();
  await start(page);
  await say(page, "Do you deliver?");
  await page.locator(".bubble").getByText("Do you deliver?").waitFor();
  await page.getByRole("link", { name: "Delivery" }).click();
  await page.getByRole("heading", { name: "Delivery" }).waitFor();
  await page.locator(".bubble").getByText("Do you deliver?").waitFor();
  assert.deepEqual(await violations(page), []);
});

for (const [name, options] of /** @type {const} */ ([
  ["light", { colorScheme: "light" }],
  ["dark", { colorScheme: "dark" }],
  ["on a phone", { viewport: { width: 390, height: 844 }, colorScheme: "dark" }],
])) {
  test(`no rule of accessibility is broken on the page: ${name}`, async () => {
    const server = new Server();
    server.service = { title: "Support", open: true, consent: { text: { "*": "I agree." }, url: null } };
    const { page } = await open({ server, options });
    const found = [];
    await page.getByLabel("Name").fill("Leonie");
    await page.getByRole("button", { name: "Start the chat" }).click();
    await page.getByText("Please agree to this first.").waitFor();
    found.push(...(await violations(page)));
    await page.getByLabel("I agree.").check();
    await page.getByRole("button", { name: "Start the chat" }).click();
    await field(page).waitFor();
    server.say([
      { type: "joined", by: 3 },
      { type: "message", by: 3, text: "See https://example.com." },
    ]);
    await page.getByRole("link").waitFor();
    found.push(...(await violations(page)));
    server.down = true;
    server.cut();
    await page.getByText("Connecting again").waitFor();
    await say(page, "waits");
    await page.getByText("Waiting to be sent").waitFor();
    found.push(...(await violations(page)));
    server.down = false;
    await page.getByText("Connecting again").waitFor({ state: "hidden" });
    await field(page).fill("left over");
    server.end();
    await page.getByLabel("Written and not sent").waitFor();
    found.push(...(await violations(page)));
    assert.deepEqual(found, []);
  });
}
