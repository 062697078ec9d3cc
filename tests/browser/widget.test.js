// The widget on a website, against a scripted server: what a visitor sees of it, and what it says.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, afterEach, before, test } from "node:test";
import { violations } from "./support/axe.js";
import { launch, until } from "./support/browser.js";
import { NODE, openShop, Server, SHOP } from "./support/widget.js";

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

/** @param {Parameters<typeof openShop>[1]} [how] */
async function shop(how) {
  const opened = await openShop(browser, how);
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
  await page.getByRole("button", { name: "Open the chat" }).click();
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

test("nothing but the launcher is loaded until somebody opens it", async () => {
  /** @type {string[]} */
  const loaded = [];
  const server = new Server();
  const { page, context } = await shop({ server });
  context.on("request", (request) => loaded.push(new URL(request.url()).pathname));
  const launcher = page.getByRole("button", { name: "Open the chat" });
  await launcher.waitFor();
  assert.deepEqual(
    loaded.filter((path) => path !== "/widget.js"),
    [],
  );
  assert.equal(server.commands.length, 0);
  await launcher.click();
  await page.getByLabel("Name").waitFor();
  assert.ok(loaded.some((path) => /^\/widget\/app\./.test(path)));
});

test("a visitor starts, is answered, sees that it was read, and that somebody types", async () => {
  const { page, server } = await shop();
  await start(page);
  await say(page, "My router restarts");
  server.say([{ type: "joined", by: 3 }]);
  await page.getByRole("heading", { name: "Ann" }).waitFor();
  server.say([{ type: "read", by: 3, text: null, through: 99 }]);
  await page.getByText("· seen").waitFor();
  server.say([{ type: "message", by: 3, text: "Which one? See https://example.org/routers." }]);
  await page.getByRole("link", { name: "https://example.org/routers" }).waitFor();
  await until("it is read", () => server.asked("read").length > 0);
  let index = 900;
  await until("it types", async () => {
    index += 1;
    server.tell({ ...server.frame([]), typing: [{ index, at: Date.now(), by: 3, started: true, preview: null }] });
    return page.getByText("is typing").isVisible();
  });
  assert.deepEqual(await bubbles(page), ["My router restarts", "Which one? See https://example.org/routers."]);
});

test("what a service asks is asked, and said where it is wrong", async () => {
  const server = new Server();
  server.service = {
    title: { "*": "Support" },
    form: [
      { key: "nickname", kind: "text", label: {}, required: true, autocomplete: "name", choices: [] },
      {
        key: "topic",
        kind: "choice",
        label: { en: "Topic" },
        required: true,
        choices: [{ value: "new", label: { en: "New order" } }],
      },
    ],
    consent: { text: { "*": "I agree." }, url: "https://shop.test/privacy" },
    open: true,
    wait_s: 120,
  };
  const { page } = await shop({ server });
  await page.getByRole("button", { name: "Open the chat" }).click();
  await page.getByText("We answer in about 2 minutes").waitFor();
  await page.getByLabel("Name").fill("Leonie");
  await page.getByRole("button", { name: "Start the chat" }).click();
  await page.getByText("Please fill this in.").waitFor();
  await page.getByText("Please agree to this first.").waitFor();
  assert.equal(await page.getByLabel("Topic").getAttribute("aria-invalid"), "true");
  await page.getByLabel("Topic").selectOption("New order");
  await page.getByLabel("I agree.").check();
  await page.getByRole("button", { name: "Start the chat" }).click();
  await field(page).waitFor();
  const [{ user_data, consent, nickname }] = server.asked("start");
  assert.deepEqual([user_data, consent, nickname], [{ topic: "new" }, true, "Leonie"]);
});

test("the chat goes on over other pages and in other tabs, and what one tab writes all show", async () => {
  const { page, server, context } = await shop();
  await start(page);
  await say(page, "first");
  await page.getByRole("link", { name: "Another page" }).click();
  await page.getByRole("heading", { name: "Shop /two" }).waitFor();
  await page.locator(".bubble").getByText("first").waitFor();
  const other = await context.newPage();
  await other.goto(`${SHOP}/three`);
  await other.getByRole("button", { name: /^Open the chat/ }).click();
  await field(other).waitFor();
  await other.locator(".bubble").getByText("first").waitFor();
  await say(other, "second");
  await page.locator(".bubble").getByText("second").waitFor();
  // The page that was left resumed on the next one; the other tab talks through it.
  assert.equal(server.asked("resume").length, 1);
  await page.close();
  await say(other, "third");
  await other.locator(".bubble").getByText("third").waitFor();
  assert.deepEqual(
    server.asked("send").map(({ text }) => text),
    ["first", "second", "third"],
  );
});

test("what is written while the connection is away waits, says so, and is sent once", async () => {
  const { page, server } = await shop();
  await start(page);
  server.down = true;
  server.cut();
  await say(page, "Four in the morning");
  await page.getByText("Waiting to be sent").waitFor();
  await page.getByText("Connecting again").waitFor();
  server.down = false;
  await page.getByText("Connecting again").waitFor({ state: "hidden" });
  await page.getByText("Waiting to be sent").waitFor({ state: "hidden" });
  assert.deepEqual(await bubbles(page), ["Four in the morning"]);
});

test("a message that is too long says by how much, and can be mended or taken back", async () => {
  const { page, server } = await shop();
  await start(page);
  server.instead = (command) =>
    command.do === "send" && command.text.length > 5
      ? { error: { code: "too_long", message: "too long", retry: false, bytes_max: 5 } }
      : undefined;
  await say(page, "abcdefgh");
  await page.getByText("Not sent: 3 characters too long").waitFor();
  await page.getByRole("button", { name: "Edit" }).click();
  assert.equal(await field(page).inputValue(), "abcdefgh");
  await page.getByText("3 characters too long").waitFor();
  await field(page).fill("abcde");
  await field(page).press("Enter");
  await until("it is there", async () => (await bubbles(page)).join() === "abcde");
  await say(page, "too long again");
  await page.getByRole("button", { name: "Delete" }).click();
  assert.deepEqual(await bubbles(page), ["abcde"]);
});

test("a choice is chosen with a tap, and then is one no longer", async () => {
  const { page, server } = await shop();
  await start(page);
  const options = [
    { id: "a", title: "My line" },
    { id: "b", title: "An invoice" },
  ];
  server.say([{ type: "rich", by: 2, text: "What is it?", content: { kind: "quick_replies", text: "x", options } }]);
  await page.getByRole("button", { name: "An invoice" }).click();
  await page.getByRole("button", { name: "My line" }).waitFor({ state: "hidden" });
  const [{ to, content }] = server.asked("reply");
  assert.deepEqual([to, content], [2, { choices: ["b"] }]);
});

test("a file is sent, and saved from any tab", async () => {
  const { page, context } = await shop();
  await start(page);
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Attach a file" }).click();
  await (await chooser).setFiles({ name: "log.exe", mimeType: "text/plain", buffer: Buffer.from("x") });
  await page.getByText("Files of this type can’t be sent.").waitFor();
  const again = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Attach a file" }).click();
  await (await again).setFiles({ name: "log.txt", mimeType: "text/plain", buffer: Buffer.from("x") });
  await page.locator(".file").waitFor();
  const other = await context.newPage();
  await other.goto(SHOP);
  await other.getByRole("button", { name: /^Open the chat/ }).click();
  const download = other.waitForEvent("download");
  await other.locator(".file").click();
  assert.equal(readFileSync(await (await download).path(), "utf8"), "what is in it");
});

/** A picture of one red point. */
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8Dwn4EIwDiqkL4KAcT9GO0U4BxoAAAAAElFTkSuQmCC",
  "base64",
);

test("pictures are pasted and dropped, go one after the other, can be stopped, and are seen in place", async () => {
  const { page, server } = await shop();
  /** @type {import("playwright-core").Route[]} */
  const sent = [];
  const listed = server.files.bind(server);
  server.files = async (route, headers) => {
    const { method, url } = { method: route.request().method(), url: route.request().url() };
    if (method === "POST") sent.push(route);
    else if (url.endsWith("/f2")) await route.fulfill({ body: PNG, headers });
    else await listed(route, headers);
  };
  await start(page);
  /** @param {"paste" | "drop"} how @param {string[]} names */
  const gives = (how, names) =>
    field(page).evaluate(
      (place, [event, ...files]) => {
        const dataTransfer = new DataTransfer();
        for (const name of files) dataTransfer.items.add(new File(["x"], name, { type: "image/png" }));
        const given = { bubbles: true, composed: true, cancelable: true };
        const happens = {
          paste: () => new ClipboardEvent("paste", { ...given, clipboardData: dataTransfer }),
          drop: () => new DragEvent("drop", { ...given, dataTransfer }),
        }[event];
        place.dispatchEvent(/** @type {() => Event} */ (happens)());
      },
      [how, ...names],
    );
  await page.getByRole("button", { name: "Attach a file" }).waitFor();
  await gives("paste", ["one.png"]);
  await page.getByText(/Sending .*one.png/).waitFor();
  await gives("drop", ["two.png", "three.png"]);
  await page.getByRole("progressbar", { name: "one.png" }).waitFor();
  assert.equal(sent.length, 1);
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByText(/Sending .*two.png/).waitFor();
  server.say([
    {
      type: "file_uploaded",
      by: 1,
      text: "two.png",
      file: { id: "f2", bytes: PNG.length, media_type: "image/png" },
    },
  ]);
  await sent[1].fulfill({ status: 201, json: {}, headers: { "access-control-allow-origin": "*" } });
  const picture = page.getByRole("img", { name: /Image .*two.png/ });
  await picture.waitFor();
  await until("it is drawn", () => picture.evaluate((image) => /** @type {any} */ (image).naturalWidth === 1));
  await page.getByText(/Sending .*three.png/).waitFor();
  await until("it is sent", () => sent.length === 3);
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("progressbar").waitFor({ state: "hidden" });
  assert.equal(await page.locator(".note.problem").count(), 0);
});

test("a page that swaps its body keeps the chat, and what its visitor is writing", async () => {
  const { page } = await shop();
  await start(page);
  await field(page).fill("half a thou");
  await page.evaluate(() => {
    const body = document.createElement("body");
    body.append("Another page");
    document.body.replaceWith(body);
  });
  await until("it is back", () => field(page).isVisible());
  assert.equal(await field(page).inputValue(), "half a thou");
});

test("what a website says of its visitor loads nothing", async () => {
  const server = new Server();
  server.head +=
    '<script>window.handoff = { q: [["identify", { name: "Leonie" }], ["set", { page: "shop" }]] };</script>';
  const { page } = await shop({ server });
  await page.getByRole("button", { name: "Open the chat" }).waitFor();
  assert.equal(await page.evaluate('document.querySelectorAll("script[integrity]").length'), 0);
  await page.getByRole("button", { name: "Open the chat" }).click();
  await until("it is filled in", async () => (await page.getByLabel("Name").inputValue()) === "Leonie");
});

test("unread messages are counted at the launcher, in words too, and read when it opens", async () => {
  const { page, server } = await shop();
  await start(page);
  await field(page).press("Escape");
  server.say([
    { type: "message", by: 3, text: "Are you there?" },
    { type: "message", by: 3, text: "Hello?" },
  ]);
  await page.getByRole("button", { name: "Open the chat, 2 new messages" }).click();
  await page.getByText("Are you there?").waitFor();
  await until("it is read", () => server.asked("read").length > 0);
});

test("the end is asked for, then what was said stays, can be kept, and another chat begun", async () => {
  const { page, server } = await shop();
  await start(page);
  await say(page, "good bye");
  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "End the chat" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "End the chat" }).click();
  await page.locator(".line").getByText("The chat has ended at").waitFor();
  assert.deepEqual(await bubbles(page), ["good bye"]);
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save as a file" }).click();
  const text = readFileSync(await (await download).path(), "utf8");
  assert.match(text, /You: good bye/);
  await page.getByRole("button", { name: "Write again" }).click();
  await page.getByRole("button", { name: "Start the chat" }).waitFor();
  assert.equal(server.asked("leave").length, 1);
});

test("what was typed when the chat ended can be copied until the next begins, and is not in that", async () => {
  const { page, server } = await shop();
  await start(page);
  await field(page).fill("My old address is");
  await page.reload();
  await field(page).waitFor();
  assert.equal(await field(page).inputValue(), "My old address is");
  server.end();
  const unsent = page.getByLabel("Written and not sent");
  await page.getByRole("button", { name: "Write again" }).click();
  await page.getByRole("button", { name: "Start the chat" }).waitFor();
  assert.equal(await unsent.inputValue(), "My old address is");
  assert.deepEqual(await violations(page, "#handoff-chat"), []);
  await page.getByRole("button", { name: "Start the chat" }).click();
  await field(page).waitFor();
  assert.equal(await field(page).inputValue(), "");
  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "End the chat" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "End the chat" }).click();
  await page.locator(".ended").waitFor();
  assert.equal(await unsent.count(), 0);
});

/**
 * Clicks something in the widget, and tells what has the focus before the browser draws: where the next key would go.
 * @param {Page} page
 * @param {string} what its selector
 */
function focusAfter(page, what) {
  return page.evaluate(async (selector) => {
    const root = document.querySelector("#handoff-chat")?.shadowRoot;
    root?.querySelector(/** @type {"button"} */ (selector))?.click();
    for (let turn = 0; turn < 100; turn += 1) await null;
    const focused = /** @type {HTMLTextAreaElement | null} */ (root?.activeElement ?? null);
    return [focused?.name || focused?.localName, focused?.value, focused?.selectionStart];
  }, what);
}

test("the next key goes where one writes, however fast it comes", async () => {
  const { page, server } = await shop();
  await page.getByRole("button", { name: "Open the chat" }).click();
  await page.getByLabel("Name").waitFor();
  await page.keyboard.press("Escape");
  assert.deepEqual(await focusAfter(page, ".launcher"), ["nickname", "", 0]);
  await page.keyboard.type("Leonie");
  await page.keyboard.press("Enter");
  await field(page).waitFor();
  await field(page).press("Escape");
  assert.deepEqual(await focusAfter(page, ".launcher"), ["textarea", "", 0]);
  await page.keyboard.type("Hi!");
  await page.keyboard.press("ArrowLeft");
  await page.getByRole("button", { name: "Emoji" }).click();
  assert.deepEqual(await focusAfter(page, ".emoji button"), ["textarea", "Hi😀!", 4]);
  await page.keyboard.press("Enter");
  await until("it is sent", () => server.asked("send").length === 1);
  assert.equal(server.asked("send")[0].text, "Hi😀!");
});

test("who waits is told their place, and a chat that has ended is rated", async () => {
  const server = new Server();
  server.service = { title: { "*": "Support" }, open: true, rating: true };
  const { page } = await shop({ server });
  await start(page);
  server.tell({ event: "queue", chat: "C1", place: 4, wait_s: 300 });
  await page.getByText("3 are before you. About 5 minutes.").waitFor();
  server.tell({ event: "queue", chat: "C1", place: 1, wait_s: 60 });
  await page.getByText("You are next. About 1 minute.").waitFor();
  server.say([{ type: "joined", by: 3 }]);
  await page.getByText("You are next").waitFor({ state: "hidden" });
  server.end();
  await page.getByRole("button", { name: "4 of 5" }).click();
  await page.getByLabel("What should we know?").fill("Quick and kind.");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText("Thank you. Your rating has arrived.").waitFor();
  const { score, text } = server.asked("rate").at(-1) ?? {};
  assert.deepEqual([score, text], [4, "Quick and kind."]);
});

test("the website opens it, says who the visitor is, and is told what happens", async () => {
  const server = new Server();
  server.head = `<script>
      window.told = [];
      window.handoff = { q: [["identify", { token: "j.w.t", name: "Leonie" }], ["set", { page: "shop" }], ["open"]] };
      for (const name of ["open", "start", "message", "close"])
        handoff.q.push(["on", name, (detail) => told.push(detail ? [name, detail.text] : [name])]);
    </script><script async src="${NODE}/widget.js" data-service="sales" data-launcher="off"></script>`;
  const { page } = await shop({ server });
  assert.equal(await page.getByLabel("Name").inputValue(), "Leonie");
  await page.getByRole("button", { name: "Start the chat" }).click();
  await field(page).waitFor();
  const [{ service, user_data }] = server.asked("start");
  assert.deepEqual([service, user_data], ["sales", { Handoff_Identity: "j.w.t", page: "shop" }]);
  await say(page, "hello");
  await page.locator(".bubble").getByText("hello").waitFor();
  await page.evaluate("handoff.close()");
  await until("it is told", async () => (await page.evaluate("told.length")) === 4);
  assert.deepEqual(await page.evaluate("told"), [["open"], ["start"], ["message", "hello"], ["close"]]);
});

test("it runs under a policy that trusts no markup and no script but the node's, and keys stay in it", async () => {
  const server = new Server();
  server.headers = {
    "content-security-policy":
      `default-src 'none'; script-src ${NODE} 'nonce-n1'; connect-src ${NODE} wss://node.test; style-src 'none'; ` +
      "require-trusted-types-for 'script'; trusted-types handoff",
  };
  server.head = `<script nonce="n1">window.keys = 0; addEventListener("keydown", () => keys++);</script>
    <script async src="${NODE}/widget.js"></script>`;
  const { page } = await shop({ server });
  await start(page);
  const before = await page.evaluate("keys");
  await say(page, "/ is no shortcut here");
  await page.locator(".bubble").getByText("/ is no shortcut here").waitFor();
  assert.equal(await page.evaluate("keys"), before);
});

test("an app that is not as it was built does not run, another node's does", async () => {
  const { page, context } = await shop();
  let tampered = 0;
  await context.route(`${NODE}/widget/app.*`, (route) => {
    tampered += 1;
    const headers = { "access-control-allow-origin": "*" };
    return route.fulfill({ body: "window.tampered = true;", contentType: "text/javascript", headers });
  });
  await page.getByRole("button", { name: "Open the chat" }).click();
  await page.getByLabel("Name").waitFor();
  assert.deepEqual([tampered, await page.evaluate("window.tampered ?? false")], [1, false]);
});

test("the app comes from another node when the first is gone", async () => {
  const server = new Server();
  const { page } = await shop({ server });
  await page.getByRole("button", { name: "Open the chat" }).waitFor();
  server.dead = [NODE];
  await page.getByRole("button", { name: "Open the chat" }).click();
  await page.getByLabel("Name").waitFor();
});

test("ten thousand messages: the newest at once, a place kept while others come, and a way back", async () => {
  const { page, server } = await shop();
  await start(page);
  const many = Array.from({ length: 10_000 }, (_, at) => ({ type: "message", by: 3, text: `message ${at}` }));
  server.say(many);
  await page.getByText("message 9999", { exact: true }).waitFor();
  assert.ok((await page.locator(".row").count()) < 60);
  await page.getByRole("log").evaluate((log) => (log.scrollTop = log.scrollHeight / 2));
  const seen = page.locator(".row").nth(20);
  await seen.waitFor();
  const key = await seen.getAttribute("data-row");
  const place = () =>
    page.locator(`[data-row="${key}"]`).evaluate((row) => Math.round(row.getBoundingClientRect().top));
  await until("it is still", async () => {
    const first = await place();
    await page.evaluate(() => new Promise(requestAnimationFrame));
    return first === (await place());
  });
  const before = await place();
  server.say([
    { type: "message", by: 3, text: "one more" },
    { type: "message", by: 3, text: "and another" },
  ]);
  await page.getByRole("button", { name: "2 new messages" }).waitFor();
  assert.equal(await place(), before);
  await page.getByRole("button", { name: "2 new messages" }).click();
  await page.getByText("and another", { exact: true }).waitFor();
});

test("a screen reader is told of what comes, and of nothing that was there", async () => {
  const { page, server } = await shop();
  await start(page);
  const told = page.locator(".log-place [aria-live=polite]");
  await say(page, "mine");
  await page.locator(".bubble").getByText("mine").waitFor();
  assert.equal(await told.textContent(), "Somebody will be here soon.");
  server.say([{ type: "message", by: 3, text: "Good morning" }]);
  await page.locator(".bubble").getByText("Good morning").waitFor();
  assert.equal((await told.textContent())?.replace(/[\u2066-\u2069]/g, ""), "Ann: Good morning");
});

for (const [name, options] of /** @type {const} */ ([
  ["light", { colorScheme: "light" }],
  ["dark", { colorScheme: "dark" }],
  ["on a phone, from right to left", { viewport: { width: 390, height: 844 }, locale: "ar", colorScheme: "dark" }],
])) {
  test(`no rule of accessibility is broken: ${name}`, async () => {
    const server = new Server();
    server.service = { title: "Support", open: true, wait_s: 60, consent: { text: { "*": "Ok?" }, url: null } };
    const page0 = server.page;
    if ("locale" in options) server.page = (path) => page0(path).replace('lang="en"', 'lang="ar" dir="rtl"');
    const { page } = await shop({ server, options });
    const found = [];
    await page.locator(".launcher").click();
    await page.locator(".form input").first().fill("Leonie");
    await page.locator(".form .primary").click();
    await page.locator(".problem").getByText(/./).first().waitFor();
    found.push(...(await violations(page, "#handoff-chat")));
    await page.locator(".form input[type=checkbox]").check();
    await page.locator(".form .primary").click();
    await page.locator(".composer textarea").waitFor();
    const options2 = [{ id: "a", title: "Yes" }];
    server.say([
      { type: "joined", by: 3 },
      { type: "rich", by: 3, text: "Well?", content: { kind: "quick_replies", text: "x", options: options2 } },
      { type: "file_uploaded", by: 3, text: "log.txt", file: { id: "f", bytes: 12 } },
    ]);
    await page.locator(".file").waitFor();
    found.push(...(await violations(page, "#handoff-chat")));
    await page.locator(".menu-place button").click();
    await page.locator(".menu").waitFor();
    found.push(...(await violations(page, "#handoff-chat")));
    await page.keyboard.press("Escape");
    server.end();
    await page.locator(".ended").waitFor();
    found.push(...(await violations(page, "#handoff-chat")));
    assert.deepEqual(found, []);
  });
}
