// The agents' desk against a scripted server: what survives, what the keyboard does, files, windows, the overview; and that
// each state can be used by everybody. Needs web/dist (`npm run build` in web/).

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { accessible } from "./support/axe.js";
import { launch, newWindow, until } from "./support/browser.js";
import { DESK_SITE, DeskServer } from "./support/desk.js";

/** @typedef {import("./support/desk.js").Frame} Frame */
/** @typedef {import("playwright-core").Page} Page */

const MINUTE = 60_000;

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

/**
 * @param {import("playwright-core").BrowserContextOptions & {lang?: string}} [options]
 */
async function open({ lang = "en", ...options } = {}) {
  const size = { width: 1440, height: 900 };
  const { page, context, complaints } = await newWindow(browser, { viewport: size, ...options });
  const server = new DeskServer();
  await server.serve(context);
  cleanups.push(async () => {
    server.stop();
    await context.close();
    assert.deepEqual(complaints, []);
  });
  const address = `${DESK_SITE}/agent?lang=${lang}`;
  await page.goto(address);
  return { page, server, context, address };
}

/** @param {Page} page */
async function signIn(page) {
  await page.locator("input[name=name]").fill("ann");
  await page.locator("input[name=password]").fill("secret");
  await page.locator("form button[type=submit]").click();
  await page.locator(".desk").waitFor();
}

/** @param {Page} page */
const message = (page) => page.locator("#message");
/** @param {Page} page @param {string} chat */
const choose = (page, chat) => page.locator(`.chats [data-chat=${chat}] button`).click();
/** @param {string} text @param {Frame} [more] */
const said = (text, more = {}) => ({ type: "message", by: 1, text, ...more });

test("a wrong password is said in words, and the right one is kept nowhere", async () => {
  const { page, server } = await open();
  await page.locator(".sign-in").waitFor();
  await accessible(page, "sign-in");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("Please fill this in.").first().waitFor();
  await accessible(page, "sign-in with problems");
  server.instead = () => ({ error: { code: "wrong_password", message: "no", retry: false } });
  await page.getByLabel("Name").fill("ann");
  await page.getByLabel("Password").fill("wrong");
  await page.keyboard.press("Enter");
  await page.getByText("Name or password is wrong.").waitFor();
  server.instead = () => undefined;
  await signIn(page);
  await page.reload();
  await page.locator(".desk").waitFor();
  const kept = await page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }]));
  assert.ok(!kept.includes("secret"));
  assert.deepEqual(
    server.commands("sign_in").map(({ password, token }) => password ?? token),
    ["wrong", "secret", "T1"],
  );
});

test("an offer rings, counts down, and opens when it is accepted; on a phone too", async () => {
  const { page, server } = await open({ viewport: { width: 390, height: 844 } });
  await signIn(page);
  server.more.set("O1", { participants: [{ number: 1, role: "customer", nickname: "Zoë", user_id: "1", me: false }] });
  server.events.set("O1", []);
  server.happens("O1", [{ type: "joined", by: 1 }, said("My router is broken")]);
  server.offer("O1", { data: { order: "42" }, left_out: 2, verified: false });
  const card = page.locator(".offer");
  for (const text of ["support", "My order", "Not verified", "42", "2 values are not shown in full"]) {
    await card.getByText(text).first().waitFor();
  }
  const left = () => card.getByRole("timer").textContent();
  const first = await left();
  await until("it counts down", async () => (await left()) !== first);
  assert.match(await page.title(), /^\(1\) /);
  await accessible(page, "an offer on a phone");
  await card.getByRole("button", { name: "Accept" }).click();
  await page.locator(".bubble", { hasText: "My router is broken" }).waitFor();
  await accessible(page, "a chat on a phone");
  assert.equal(await page.locator(".list").count(), 0);
  await page.getByRole("button", { name: "Back to the list" }).click();
  await page.locator(".list").waitFor();
});

test("an offer's buttons stay in reach however long its attached data are", async () => {
  const { page, server } = await open();
  await signIn(page);
  const data = Object.fromEntries([1, 2, 3, 4].map((n) => [`key${n}`, "https://shop.example/?utm=ü ".repeat(140)]));
  server.offer("c1", { data });
  const card = page.locator(".offer[data-chat=c1]");
  await card.getByText("key4").waitFor();
  const height = (await card.boundingBox())?.height ?? Infinity;
  assert.ok(height < 600, `${height} pixels`);
  await card.getByRole("button", { name: "Accept" }).click();
  await page.locator(".chats [data-chat=c1]").waitFor();
});

test("drafts are kept per chat, through a reload and a lost network, and are gone after the sign-out", async () => {
  const { page, server } = await open();
  server.chat("C1", [said("one")], { nickname: "Zoë" });
  server.chat("C2", [said("two")], { nickname: "Ben" });
  await signIn(page);
  await choose(page, "C1");
  await message(page).fill("a draft for Zoë");
  await choose(page, "C2");
  assert.equal(await message(page).inputValue(), "");
  await message(page).fill("a draft for Ben");
  server.break();
  await page.getByText("Connecting again … Your chats are safe.").waitFor();
  await accessible(page, "connection lost");
  await message(page).press("Enter");
  await page.getByText("Waiting to be sent").waitFor();
  server.down = false;
  await page.getByText("Back. Nothing was missed.").waitFor();
  await until("it is sent", () => server.commands("send").length === 1);
  await page.reload();
  await page.locator("#chat-name", { hasText: "Ben" }).waitFor();
  await choose(page, "C1");
  assert.equal(await message(page).inputValue(), "a draft for Zoë");
  server.work = [];
  server.desk();
  await page
    .locator("header")
    .getByRole("button", { name: /settings and sign-out/ })
    .click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.locator(".sign-in").waitFor();
  assert.ok(!(await page.evaluate(() => JSON.stringify({ ...sessionStorage }))).includes("a draft"));
});

test("a message that failed says why, and can be edited, sent again, deleted", async () => {
  const { page, server } = await open();
  server.chat("C1", [said("hello")]);
  await signIn(page);
  await choose(page, "C1");
  const error = { code: "window_closed", message: "closed", retry: false };
  server.instead = (command) => (command.do === "send" ? { error } : undefined);
  await message(page).fill("too late");
  await message(page).press("Enter");
  const failure = page.locator(".failure");
  await failure.getByText("Not sent: the customer can’t be answered until they write again").waitFor();
  await accessible(page, "a message that failed");
  await failure.getByRole("button", { name: "Send again" }).click();
  await until("it is sent again", () => server.commands("send").length === 2);
  await failure.getByRole("button", { name: "Edit" }).click();
  assert.equal(await message(page).inputValue(), "too late");
  assert.equal(await failure.count(), 0);
  await message(page).press("Enter");
  await failure.getByRole("button", { name: "Delete" }).click();
  await failure.waitFor({ state: "detached" });
});

test("keys open, accept, go on and search; none works while one writes or composes, and all can be off", async () => {
  const { page, server } = await open();
  server.chat("C1", [said("old", { at: Date.now() - 9 * MINUTE })], { nickname: "Zoë" });
  server.chat("C2", [said("new")], { nickname: "Ben" });
  await signIn(page);
  const name = page.locator("#chat-name");
  await page.keyboard.press("j");
  await name.getByText("Zoë").waitFor();
  await message(page).press("n");
  assert.equal(await message(page).inputValue(), "n");
  await page.keyboard.press("Alt+ArrowDown");
  await name.getByText("Ben").waitFor();
  await message(page).evaluate((field) => {
    const keys = { key: "ArrowDown", code: "ArrowDown", altKey: true, isComposing: true, bubbles: true };
    field.dispatchEvent(new KeyboardEvent("keydown", keys));
  });
  await name.getByText("Ben").waitFor();
  server.offer("O1");
  await page.locator(".offer").waitFor();
  await page.keyboard.press("Alt+a");
  await until("it is accepted", () => server.commands("accept").length === 1);
  await page.keyboard.press("Control+k");
  await page.locator(".search-field").fill("Zoë");
  await accessible(page, "search");
  await page.keyboard.press("Enter");
  await page.locator("#chat-name", { hasText: "Zoë" }).waitFor();
  await page.locator(".brand").click();
  await page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement).blur());
  await page.keyboard.press("?");
  await accessible(page, "shortcuts");
  await page.getByRole("button", { name: "Switch off" }).click();
  await page.getByRole("button", { name: "Close" }).click();
  await page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement).blur());
  await page.keyboard.press("n");
  await page.keyboard.press("?");
  assert.equal(await page.locator("dialog").count(), 0);
  await page.locator("#chat-name", { hasText: "Zoë" }).waitFor();
});

test("one's own texts are written once, and come after a slash with names filled in", async () => {
  const { page, server } = await open();
  server.chat("C1", [said("hello")], { nickname: "Zoë" });
  await signIn(page);
  await choose(page, "C1");
  await message(page).pressSequentially("/");
  await page.getByText("You have no texts yet.").waitFor();
  await page.getByRole("button", { name: "Add or change texts" }).click();
  await page.getByRole("button", { name: "Add a text" }).click();
  await page.getByLabel("Name, one word").fill("hi");
  await page.getByLabel("Text", { exact: true }).fill("Hello {name}, I am {agent}.");
  await accessible(page, "a text that is written");
  await page.getByRole("button", { name: "Save" }).click();
  await accessible(page, "texts");
  await page.getByRole("button", { name: "Close" }).click();
  await message(page).fill("");
  await message(page).pressSequentially("Well. /h");
  await page.getByRole("option", { name: /hi/ }).waitFor();
  await accessible(page, "texts after a slash");
  await message(page).press("Enter");
  await until("it is put in", async () => (await message(page).inputValue()) === "Well. Hello Zoë, I am Ann.");
  assert.equal(server.commands("send").length, 0);
});

test("files are sent with their progress, can be stopped, and images are seen", async () => {
  const { page, server } = await open();
  server.fileLimits = {
    files_max: 5,
    file_bytes_max: 1000,
    total_bytes_max: 5000,
    need_agent: false,
    types: ["png", "txt"],
  };
  const dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
  /** @type {string[]} */
  const posted = [];
  server.files = (route) => {
    const request = route.request();
    if (request.method() === "POST") {
      posted.push(request.postData() ?? "");
      // The first one hangs until it is stopped.
      return posted.length === 1 ? new Promise(() => {}) : route.fulfill({ status: 202, json: { id: "f2" } });
    }
    const body = Buffer.from(dot, "base64");
    return request.url().endsWith("/f1") ? route.fulfill({ body, contentType: "image/png" }) : undefined;
  };
  server.chat("C1", [
    {
      type: "file_uploaded",
      by: 1,
      text: "dot.png",
      file: { id: "f1", bytes: body(dot), description: "", media_type: "image/png" },
    },
  ]);
  await signIn(page);
  await choose(page, "C1");
  const image = page.getByRole("img", { name: /^Image .?dot\.png/ });
  await image.waitFor();
  assert.ok(await image.evaluate((shown) => /** @type {HTMLImageElement} */ (shown).naturalWidth > 0));
  await page.getByRole("button", { name: "Attach a file" }).waitFor();
  const picker = page.locator(".desk-composer input[type=file]");
  await picker.setInputFiles({ name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("one") });
  await page.getByRole("progressbar", { name: "a.txt" }).waitFor();
  await accessible(page, "a file on its way");
  await page.locator(".upload").getByRole("button", { name: "Cancel" }).click();
  await page.locator(".upload").waitFor({ state: "detached" });
  await picker.setInputFiles({ name: "b.txt", mimeType: "text/plain", buffer: Buffer.from("two") });
  await page.getByText("The file is being checked.").waitFor();
  await picker.setInputFiles({ name: "c.exe", mimeType: "text/plain", buffer: Buffer.from("three") });
  await page.getByText("Files of this type can’t be sent.").waitFor();
  assert.equal(posted.length, 2);
});

/** @param {string} base64 */
const body = (base64) => Buffer.from(base64, "base64").length;

test("another window goes on without the password, and what is read in one is read in both", async () => {
  const { page, server, context, address } = await open();
  server.chat("C1", [said("one")]);
  await signIn(page);
  await page.locator(".chats .badge").waitFor();
  const other = await context.newPage();
  await other.goto(address);
  await other.locator(".desk").waitFor();
  assert.deepEqual(
    server.commands("sign_in").map(({ password, token }) => password ?? token),
    ["secret", "T1"],
  );
  server.instead = (command) => {
    if (command.do === "read") server.happens("C1", [{ type: "read", by: 2, through: command.position - 1 }]);
    return undefined;
  };
  await choose(other, "C1");
  await other.locator(".chats .badge").waitFor({ state: "detached" });
  await page.locator(".chats .badge").waitFor({ state: "detached" });
});

test("the details show all data, fold long values, and open earlier chats in place", async () => {
  const { page, server } = await open();
  const records = [{ chat: "R1", started_at: 1, ended_at: 60_001, subject: "Shoes", service: "shop", verified: true }];
  const contact = {
    id: "K1",
    first_name: "Zoë",
    last_name: "Müller",
    email: "zoe@example.com",
    since: 1,
    verified: false,
  };
  server.history = { contact, records, hidden: false };
  const long = `${"A long value. ".repeat(20)}The end.`;
  server.chat("C1", [said("hello")], { data: { order: "42", long }, left_out: 3, verified: false });
  server.instead = (command) => {
    if (command.do !== "transcript") return undefined;
    const events = [{ eventId: 1, type: "message", by: 1, text: "They are too small", at: "2026-01-01T10:00:00.000Z" }];
    return { record: { participants: [{ number: 1, nickname: "Zoë", type: "CLIENT" }], events }, next: null };
  };
  await signIn(page);
  await choose(page, "C1");
  const details = page.locator("#details");
  for (const text of ["zoe@example.com", "Zoë Müller", "42", "3 values are not shown in full"]) {
    await details.getByText(text, { exact: text === "42" }).waitFor();
  }
  await details.getByText("These chats may be somebody else’s").waitFor();
  assert.equal(await details.getByText("The end.").count(), 0);
  await details.getByRole("button", { name: "Show all" }).click();
  await details.getByText("The end.").waitFor();
  await details.getByRole("button", { name: /Shoes/ }).click();
  await details.getByText("They are too small").waitFor();
  await details.getByText("this chat may be somebody else’s").waitFor();
  await details.getByLabel("Write a note").fill("Prefers the evening");
  await details.getByRole("button", { name: "Keep the note" }).click();
  await details.locator(".notes").getByText("Prefers the evening").waitFor();
  await accessible(page, "details with an earlier chat and a note");
});

/** @param {DeskServer} server @param {Frame[]} agents */
function overview(server, agents) {
  const now = Date.now();
  const chat = { chat: "8f1c", state: "open", service: "shop", place: "queue", queue: "support", agent: null };
  server.overview = {
    at: now,
    partial: true,
    agents,
    queues: [{ name: "support", waiting: 4, waits_since: now - 130_000, free_agents: 1, trouble: null }],
    chats: [{ ...chat, started_at: now - MINUTE }],
  };
}

/** @param {string} name @param {string} state */
const agent = (name, state) => ({ name, nickname: name, state, reason: null, since: Date.now(), work: 0, capacity: 3 });

test("supervisors see agents, queues and chats, in the order they chose, which stays under the pointer", async () => {
  const { page, server } = await open();
  server.supervisor = true;
  overview(server, [agent("Ann", "ready"), agent("Bob", "not ready"), agent("Cleo", "ready")]);
  server.waiting = server.overview?.queues;
  await signIn(page);
  await page.locator(".queues li", { hasText: "support" }).getByText("4 · 2:1").waitFor();
  await page.locator(".queues li", { hasText: "sales" }).getByText("0 · –").waitFor();
  await page.getByRole("button", { name: "Overview" }).click();
  const table = page.locator("section.grid", { hasText: "Free agents" });
  await table.getByText("support").waitFor();
  await page.getByText("Some of the system can’t be asked now").waitFor();
  await accessible(page, "overview");
  const agents = page.locator("section.grid[aria-label=Agents]");
  const names = () => agents.locator("tbody tr td:first-child").allTextContents();
  await agents.getByRole("button", { name: "Agent" }).click();
  assert.deepEqual(await names(), ["Ann", "Bob", "Cleo"]);
  await agents.getByRole("button", { name: "Agent" }).click();
  await until("the other way", async () => (await names()).join() === "Cleo,Bob,Ann");
  overview(server, [agent("Ann", "ready"), agent("Dora", "ready"), agent("Cleo", "signed out")]);
  server.overviewChanged();
  await until("new ones come last, nothing moves", async () => (await names()).join() === "Cleo,Ann,Dora");
  await page.mouse.move(10, 10);
  await until("then it is sorted", async () => (await names()).join() === "Dora,Cleo,Ann");
  await page.locator("section.grid[aria-label=Chats]").getByLabel("Queue").selectOption("support");
  await until("the filter is told", () => server.commands("oversee").at(-1)?.chats.queue === "support");
  await page.reload();
  await page.getByRole("button", { name: "Overview" }).click();
  await until("the sort is kept", async () => (await names()).join() === "Dora,Cleo,Ann");
});

const STATES = /** @type {const} */ ([
  [{ width: 1440, height: 900 }, "light", "en"],
  [{ width: 1440, height: 900 }, "dark", "ar"],
  [{ width: 1024, height: 768 }, "dark", "de"],
  [{ width: 390, height: 844 }, "light", "ar"],
  [{ width: 390, height: 844 }, "dark", "ja"],
]);

for (const [viewport, colorScheme, lang] of STATES) {
  test(`everybody can use it: ${viewport.width} pixels, ${colorScheme}, ${lang}`, async () => {
    const { page, server } = await open({ viewport, colorScheme, lang });
    server.status = { state: "not_ready", reason: "no answer" };
    await signIn(page);
    await accessible(page, "not ready, no chats");
    server.status = { state: "ready", reason: "" };
    server.desk();
    await page.locator(".dot.ready").waitFor();
    await accessible(page, "ready, no chats");
    server.chat("C1", [said("hello"), { type: "message", by: 2, text: "hello" }], {
      nickname: "أحمد",
      verified: false,
    });
    server.offer("O1", { data: { order: "42" } });
    await page.locator(".offer").waitFor();
    await accessible(page, "an offer and a chat");
    await choose(page, "C1");
    await page.locator(".bubble").first().waitFor();
    // What is typed in the first moment may be old, and is not shown.
    await until("their typing is seen", async () => {
      server.types("C1", "I wou");
      return page.locator(".preview", { hasText: "I wou" }).isVisible();
    });
    await accessible(page, "a chat");
    if (viewport.width < 1200) {
      await page.locator("#details-button").click();
      await accessible(page, "a chat with its details");
      await page.keyboard.press("Escape");
    }
    await page.locator("#end").click();
    await accessible(page, "a menu");
    await page.getByRole("menuitem").first().click();
    await page.locator(".chat-over").waitFor();
    await accessible(page, "a chat that is over");
  });
}

test("on a phone an offer that rings beside an open chat is told and taken there", async () => {
  const { page, server } = await open({ viewport: { width: 390, height: 844 } });
  server.chat("C1", [said("hello")], { nickname: "Zoë" });
  server.chat("C2", [said("hello")], { nickname: "Ben" });
  await signIn(page);
  await choose(page, "C1");
  await page.locator(".chat-bar .badge").getByText("1 unread message").waitFor();
  server.offer("O1", { nickname: "Mateo" });
  const banner = page.locator(".banner", { hasText: "New offer: \u2068Mateo\u2069" });
  await banner.waitFor();
  await accessible(page, "an offer beside a chat");
  await banner.getByRole("button", { name: "Accept" }).click();
  await page.locator("#chat-name", { hasText: "Mateo" }).waitFor();
});
