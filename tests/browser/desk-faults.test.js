// The agents' desk where something is missing, late, too long or in the way, against a scripted server. Needs web/dist
// (`npm run build` in web/).

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { openDesk, signedInDesk } from "./support/agent-window.js";
import { accessible } from "./support/axe.js";
import { launch, until } from "./support/browser.js";
import { DeskServer, PARTICIPANTS } from "./support/desk.js";

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

/** @param {import("./support/agent-window.js").How} [how] */
const signedIn = (how) => signedInDesk(browser, cleanups, how);
const message = (/** @type {Page} */ page) => page.locator("#message");
const row = (/** @type {Page} */ page, /** @type {string} */ chat) => page.locator(`.chats [data-chat=${chat}] button`);
const offer = (/** @type {Page} */ page, /** @type {string} */ chat) => page.locator(`.offer[data-chat=${chat}]`);
/** @param {string} text @param {Frame} [more] */
const said = (text, more = {}) => ({ type: "message", by: 1, text, ...more });
const failed = { error: { code: "failed", message: "no", retry: false } };

test("a node that does not give the words is asked until it does", async () => {
  let asked = 0;
  const { page } = await openDesk(browser, cleanups, {
    lang: "de",
    before: async (context) => {
      await context.route(/words-\w+/, (route) => {
        asked += 1;
        if (asked === 1) return route.abort();
        return asked === 2 ? route.fulfill({ status: 503 }) : route.fallback();
      });
    },
  });
  await page.getByRole("button", { name: "Anmelden" }).waitFor();
  assert.equal(asked, 3);
});

test("a history that can’t be fetched looks like that, not like none, and comes when it is asked for again", async () => {
  const server = new DeskServer();
  server.chat("C1", [said("hello")]);
  server.instead = (command) => (command.do === "history" ? failed : undefined);
  const { page } = await signedIn({ server });
  await row(page, "C1").click();
  const details = page.locator("#details");
  await details.getByText("This could not be fetched.").waitFor();
  assert.equal(await details.getByText(/None yet|Loading/).count(), 0);
  await accessible(page, "a history that failed");
  server.instead = () => undefined;
  const records = [{ chat: "R1", started_at: 1, ended_at: 60_001, subject: "Shoes", service: "shop", verified: true }];
  server.history = { contact: null, records, hidden: false };
  await details.getByRole("button", { name: "Try again" }).click();
  await details.getByRole("button", { name: /Shoes/ }).waitFor();
  assert.equal(await details.getByText("This could not be fetched.").count(), 0);
});

test("an earlier chat, an image and the overview that can’t be fetched are asked for again by a press", async () => {
  const server = new DeskServer();
  server.supervisor = true;
  const records = [{ chat: "R1", started_at: 1, ended_at: 60_001, subject: "Shoes", service: "shop", verified: true }];
  server.history = { contact: null, records, hidden: false };
  let fails = true;
  server.instead = (command) => {
    if (command.do === "transcript") return fails ? failed : { record: { participants: [], events: [] }, next: null };
    return command.do === "oversee" && fails ? failed : undefined;
  };
  server.files = (route) => {
    if (!route.request().url().endsWith("/f1")) return undefined;
    return fails ? route.fulfill({ status: 404, json: {} }) : route.fulfill({ body: DOT, contentType: "image/png" });
  };
  const file = { id: "f1", bytes: DOT.length, description: "", media_type: "image/png" };
  server.chat("C1", [{ type: "file_uploaded", by: 1, text: "dot.png", file }]);
  server.overview = { at: Date.now(), partial: false, agents: [], queues: [], chats: [] };
  const { page } = await signedIn({ server });
  await row(page, "C1").click();
  const earlier = page.locator("#details");
  await earlier.getByRole("button", { name: /Shoes/ }).click();
  await earlier.getByText("This could not be fetched.").waitFor();
  const image = page.locator(".file-image");
  await image.getByText("The file can’t be fetched now.").waitFor();
  await accessible(page, "an earlier chat and an image that failed");
  fails = false;
  await image.getByRole("button", { name: "Try again" }).click();
  await image.getByRole("img").waitFor();
  await earlier.getByRole("button", { name: "Try again" }).click();
  await earlier.getByText("Nothing was said.").waitFor();
  await page.getByRole("button", { name: "Overview" }).click();
  const overview = page.locator(".overview");
  await overview.getByRole("button", { name: "Try again" }).waitFor();
  await accessible(page, "an overview that failed");
  await overview.getByRole("button", { name: "Try again" }).click();
  await overview.getByText("No agents.").waitFor();
  await accessible(page, "an empty overview");
});

const DOT = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

test("an offer comes and goes without moving a chat, and another one without moving the first", async () => {
  const server = new DeskServer();
  for (const chat of ["C1", "C2", "C3"]) server.chat(chat, [said("hello")]);
  const { page } = await signedIn({ server });
  const places = () =>
    page.locator(".chats li").evaluateAll((all) => all.map((one) => one.getBoundingClientRect().top));
  await row(page, "C3").waitFor();
  const before = await places();
  server.offer("O1");
  await offer(page, "O1").waitFor();
  assert.deepEqual(await places(), before);
  const accept = offer(page, "O1").getByRole("button", { name: "Accept" });
  const [first] = [await accept.boundingBox()];
  server.offer("O2");
  await offer(page, "O2").waitFor();
  assert.deepEqual([await places(), await accept.boundingBox()], [before, first]);
  server.work = server.work.filter(({ stage }) => stage !== "offered");
  server.desk();
  await page.locator(".offer").first().waitFor({ state: "detached" });
  assert.deepEqual(await places(), before);
});

test("a press that was meant for an offer that has just gone does not take the one that came in its place", async () => {
  const { page, server } = await signedIn();
  server.offer("O1", { nickname: "Zoë" });
  server.offer("O2", { nickname: "Ben" });
  const accept = offer(page, "O1").getByRole("button", { name: "Accept" });
  await accept.hover();
  const place = await accept.boundingBox();
  assert.ok(place);
  // The press follows in the same moment in which the page is changed.
  await page.evaluate(({ x, y }) => {
    const list = /** @type {Element} */ (document.querySelector(".offer-cards"));
    new MutationObserver(() => {
      const hit = /** @type {HTMLElement} */ (document.elementFromPoint(x, y));
      document.body.dataset["hit"] = hit.closest(".acts") ? "a button" : "nothing";
      hit.click();
    }).observe(list, { childList: true });
  }, center(place));
  server.work = server.work.filter(({ chat }) => chat === "O2");
  server.desk();
  await offer(page, "O1").waitFor({ state: "detached" });
  await until("it was pressed", () => page.evaluate(() => document.body.dataset["hit"]));
  assert.equal(await page.evaluate(() => document.body.dataset["hit"]), "nothing");
  await offer(page, "O2").getByRole("button", { name: "Accept" }).click();
  await until("a press that is meant for it takes it", () => server.commands("accept").length === 1);
  assert.equal(server.commands("accept")[0].chat, "O2");
});

/** @param {{x: number, y: number, width: number, height: number}} box */
const center = ({ x, y, width, height }) => ({ x: x + width / 2, y: y + height / 2 });

test("when the connection was away for as long as chats stay an agent’s, that is said", async () => {
  const server = new DeskServer();
  server.graceMs = 4000;
  const { page } = await signedIn({ server });
  server.break();
  await page.getByText("Connecting again … Your chats are safe.").waitFor();
  await page.getByText(/^No connection since .* may have gone back to the queue\.$/).waitFor();
});

test("a message above what a socket takes fails by itself: what comes after it is sent, also after a reload", async () => {
  const server = new DeskServer();
  server.chat("C1", [said("hello")]);
  const { page } = await signedIn({ server });
  await row(page, "C1").click();
  await message(page).evaluate((field) => {
    /** @type {HTMLTextAreaElement} */ (field).select();
    document.execCommand("insertText", false, "long 🦊 ".repeat(8_000));
  });
  await message(page).press("Enter");
  await page.locator(".failure").getByText("Not sent: too long").waitFor();
  await message(page).fill("after it");
  await message(page).press("Enter");
  await until("the next one is sent", () => server.commands("send").length === 1);
  await page.reload();
  await page.locator(".failure").getByText("Not sent: too long").waitFor();
  await message(page).fill("after the reload");
  await message(page).press("Enter");
  await until("the next one is sent", () => server.commands("send").length === 2);
  assert.deepEqual(
    server.commands("send").map(({ text }) => text),
    ["after it", "after the reload"],
  );
  assert.equal(server.sockets.length, 2);
});

test("half an emoji is neither sent nor shown as half, and no text is cut inside one", async () => {
  const server = new DeskServer();
  const long = `${"🦊".repeat(300)}`;
  server.chat("C1", [said(long)], { data: { note: `x${long}` } });
  const { page } = await signedIn({ server });
  await row(page, "C1").click();
  await page.locator("#details").getByRole("button", { name: "Show all" }).waitFor();
  const texts = [await row(page, "C1").innerText(), await page.locator("#details").innerText()];
  for (const text of texts) assert.doesNotMatch(text, /\p{Surrogate}/u);
  await message(page).fill("half \ud83e of one");
  await message(page).press("Enter");
  await until("it is sent", () => server.commands("send").length === 1);
  assert.equal(server.commands("send")[0].text, "half \ufffd of one");
});

test("what a customer typed is not shown after a reload a minute later, nor cut inside an emoji", async () => {
  const server = new DeskServer();
  server.chat("C1", [said("hello")]);
  const { page } = await signedIn({ server });
  await row(page, "C1").click();
  await until("their typing is seen", async () => {
    server.types("C1", "an old word 🦊");
    return page.locator(".preview", { hasText: "an old word 🦊" }).isVisible();
  });
  const typing = [{ at: Date.now() - 60_000, by: 1, index: 90, preview: "an old word 🦊", started: true }];
  server.more.set("C1", { participants: PARTICIPANTS, typing });
  await page.reload();
  await page.locator(".bubble", { hasText: "hello" }).waitFor();
  server.happens("C1", [said("a newer word")]);
  await page.locator(".bubble", { hasText: "a newer word" }).waitFor();
  assert.equal(await page.getByText("an old word").count(), 0);
});

test("links end where they end, and open without telling where they were", async () => {
  const server = new DeskServer();
  const text = 'see (https://a.example/x_(y)), "www.b.example/z" – انظر https://c.example/ر؟';
  server.chat("C1", [said(text)]);
  const { page } = await signedIn({ server });
  await row(page, "C1").click();
  const links = page.locator(".bubble a");
  await links.nth(2).waitFor();
  const [addresses, shown, rels] = await links.evaluateAll((all) => {
    const anchors = /** @type {HTMLAnchorElement[]} */ (all);
    return [
      anchors.map(({ href }) => href),
      anchors.map(({ textContent }) => textContent),
      anchors.map(({ rel }) => rel),
    ];
  });
  assert.deepEqual(shown, ["https://a.example/x_(y)", "www.b.example/z", "https://c.example/ر"]);
  assert.deepEqual(
    addresses.map((address) => decodeURI(String(address))),
    ["https://a.example/x_(y)", "https://www.b.example/z", "https://c.example/ر"],
  );
  for (const rel of rels) assert.match(String(rel), /noopener|noreferrer/);
});

test("a name of another direction stands where the sentence has it, and marks in a message cover no other line", async () => {
  const server = new DeskServer();
  server.chat("C1", [said(`Z${"\u0301".repeat(80)}`)], { nickname: "أحمد علي" });
  const { page } = await signedIn({ server });
  await row(page, "C1").click();
  const line = page.locator(".line", { hasText: "أحمد علي" });
  await line.waitFor();
  const [name, word] = await line.evaluate((place) => {
    const walker = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
    /** @type {Record<string, number>} */
    const at = {};
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      for (const part of ["أحمد علي", "is here now"]) {
        const start = (node.textContent ?? "").indexOf(part);
        if (start < 0) continue;
        const range = document.createRange();
        range.setStart(node, start);
        range.setEnd(node, start + part.length);
        at[part] = range.getBoundingClientRect().left;
      }
    }
    return [at["أحمد علي"], at["is here now"]];
  });
  assert.ok(Number(name) < Number(word), `${name} ${word}`);
  const overflow = await page
    .locator(".bubble")
    .first()
    .evaluate((one) => getComputedStyle(one).overflowY);
  assert.equal(overflow, "clip");
});

test("an empty desk says what state one is in, and offers the next act", async () => {
  const server = new DeskServer();
  server.status = { state: "not_ready", reason: "" };
  const { page } = await signedIn({ server });
  await page.getByText("You take no chats now.").waitFor();
  await page.getByRole("button", { name: "Become ready" }).click();
  await page.getByText("Ready. The next chat comes to you.").waitFor();
  assert.equal(await page.getByRole("button", { name: "Become ready" }).count(), 0);
});

const LOOKS = /** @type {const} */ ([
  ["light", "en"],
  ["dark", "en"],
  ["light", "ar"],
]);

for (const [colorScheme, lang] of LOOKS) {
  test(`dialogs and states that are rare can be used by everybody: ${colorScheme}, ${lang}`, async () => {
    const server = new DeskServer();
    server.supervisor = true;
    const agent = {
      name: "ann",
      nickname: "Ann",
      state: "ready",
      reason: null,
      since: Date.now(),
      work: 1,
      capacity: 3,
    };
    const queue = { name: "support", waiting: 2, waits_since: Date.now() - 90_000, free_agents: 0, trouble: null };
    server.overview = { at: Date.now(), partial: true, agents: [agent], queues: [queue], chats: [] };
    server.chat("C1", [said("hello"), { type: "delivery", by: 0, of: 3, state: "failed", reason: "blocked" }]);
    server.instead = (command) => (["history", "send"].includes(command.do) ? failed : undefined);
    const { page } = await signedIn({ server, lang, options: { colorScheme } });
    await row(page, "C1").click();
    await message(page).fill("hello");
    await message(page).press("Enter");
    await page.locator(".failure").waitFor();
    for (const chat of ["O1", "O2"]) server.offer(chat, { verified: false, data: { order: "42" }, left_out: 1 });
    await offer(page, "O2").waitFor();
    await accessible(page, "two offers, a message and a history that failed");
    await page.locator(".bar button").last().click();
    await page.locator("[role=menu]").waitFor();
    await accessible(page, "the account’s menu");
    await page.keyboard.press("Escape");
    for (const key of ["Control+k", "?"]) {
      await page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement).blur());
      await page.keyboard.press(key);
      await page.locator("dialog").waitFor();
      await accessible(page, `what ${key} opens`);
      await page.keyboard.press("Escape");
      await page.locator("dialog").waitFor({ state: "detached" });
    }
    await page.locator(".pages button").nth(1).click();
    await page.locator(".overview table").first().waitFor();
    await accessible(page, "overview");
  });
}
