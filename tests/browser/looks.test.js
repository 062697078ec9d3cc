// What must hold of the desk in every language, on every screen, by day and by night.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { violations } from "./support/axe.js";
import { launch, newWindow } from "./support/browser.js";
import { DESK_SITE, DeskServer } from "./support/desk.js";

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
 * @param {DeskServer} server
 * @param {import("playwright-core").BrowserContextOptions} options
 */
async function window(server, options) {
  const { page, context, complaints } = await newWindow(browser, options);
  await server.serve(context);
  cleanups.push(async () => {
    server.stop();
    await context.close();
    assert.deepEqual(complaints, []);
  });
  return page;
}

/** A desk with something of everything. */
function busyDesk() {
  const server = new DeskServer();
  const record = { chat: "R1", started_at: 1, ended_at: 2, subject: "Shoes", service: "default", verified: false };
  const contact = { id: "P1", first_name: "Zoë", last_name: "Müller", email: "zoe@example.com" };
  server.history = { contact, records: [record], hidden: false };
  server.chat("C1", [
    { type: "message", by: 1, text: "Where is my parcel? https://example.com/parcels/42" },
    { type: "message", by: 2, text: "One moment" },
  ]);
  server.chat("C2", [{ type: "message", by: 1, text: "Hello?" }], { verified: false, data: { order: "42" } });
  server.offer("C3", { data: { order: "42" }, left_out: 1, verified: false });
  return server;
}

for (const [name, options] of /** @type {const} */ ([
  ["light", { viewport: { width: 1440, height: 900 }, colorScheme: "light" }],
  ["dark", { viewport: { width: 1440, height: 900 }, colorScheme: "dark" }],
  ["with a drawer, from right to left", { viewport: { width: 1024, height: 768 }, locale: "ar", colorScheme: "light" }],
  ["on a phone", { viewport: { width: 390, height: 844 }, colorScheme: "dark" }],
])) {
  test(`no rule of accessibility is broken on the desk: ${name}`, async () => {
    const server = busyDesk();
    const page = await window(server, options);
    const narrow = options.viewport.width < 760;
    /** @type {string[]} */
    const found = [];
    const look = async (/** @type {string} */ state) => {
      found.push(...(await violations(page)).map((one) => `${state}: ${one}`));
    };
    await page.goto(`${DESK_SITE}/agent`);
    await page.locator("input[name=name]").fill("ann");
    await look("the form");
    await page.locator("#password").fill("secret");
    await page.locator(".sign-in .primary").click();
    await page.locator(".chats [data-chat=C1]").waitFor();
    await look("the list");
    await page.locator("#status").click();
    await page.locator("[role=menu]").first().waitFor();
    await look("a menu");
    await page.keyboard.press("Escape");
    await page.locator(".chats [data-chat=C1] button").click();
    await page.locator(".bubble").first().waitFor();
    await page.locator("#message").fill("/");
    await look("a chat");
    await page.keyboard.press("Escape");
    await page.locator("#message").fill("left over");
    server.down = true;
    server.break();
    await page.locator(".banner").getByText(/./).first().waitFor();
    await look("no connection");
    server.down = false;
    await page.locator(".connection:not(.broken)").waitFor({ state: narrow ? "attached" : "visible" });
    Object.assign(server.work[0], { stage: "over", why: "ended" });
    server.desk();
    await page.locator(".chat-over .unsent").waitFor();
    await look("a chat that is over");
    await page.locator(".chat-over button").focus();
    for (const key of ["?", "Control+k"]) {
      await page.keyboard.press(key);
      await page.getByRole("dialog").waitFor();
      await look(`what ${key} opens`);
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
    }
    assert.deepEqual(found, []);
  });
}

test("the desk speaks each language, and its form fits on a narrow phone", async () => {
  const server = new DeskServer();
  const page = await window(server, { viewport: { width: 320, height: 568 } });
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
