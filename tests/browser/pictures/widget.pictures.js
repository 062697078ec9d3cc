// The widget on a website, in each of its states.

import { expect } from "@playwright/test";
import { LOOKS, MINUTE, named, NOW, passes, SERVICE, site, test } from "./staging.js";

/** @typedef {import("./staging.js").Look} Look */
/** @typedef {import("@playwright/test").Page} Page */
/** @typedef {import("../support/widget.js").Server} Server */

/** @param {Page} page */
const open = (page) => page.locator("button.launcher, .launcher button").first().click();
/** @param {Page} page */
const field = (page) => page.locator(".composer textarea");

/** @param {Page} page */
async function start(page) {
  await open(page);
  await page.locator("input[autocomplete=name]").fill("Leonie");
  await page.locator("select").selectOption("order");
  await page.locator("input[type=checkbox]").check();
  await page.locator("form button[type=submit]").click();
  await field(page).waitFor();
}

/** @type {Record<string, string[]>} what is said, by language: the bot's, the customer's, the agent's, the customer's */
const SAID = {
  en: [
    "Hello Leonie 👋 What can we do for you?",
    "My Commuter was to come on Tuesday. Where is it?",
    "Hello Leonie, I am Ann. It is at the depot in Reading: https://post.test/track/4711",
    "Thank you! 🚲",
  ],
  ar: [
    "أهلًا ليوني 👋 كيف يمكننا مساعدتك؟",
    "كان من المفترض أن تصل دراجتي يوم الثلاثاء. أين هي؟",
    "أهلًا ليوني، أنا آن. الدراجة في المستودع: https://post.test/track/4711",
    "شكرًا! 🚲",
  ],
};

/**
 * A conversation with an agent, of yesterday and today.
 * @param {Page} page
 * @param {Server} server
 * @param {Look} look
 */
async function talk(page, server, { lang = "en" }) {
  const [bot, mine, agent, thanks] = SAID[lang];
  const at = (/** @type {number} */ minutes) => NOW - minutes * MINUTE;
  server.say([
    { type: "message", by: 2, text: bot, at: at(1443) },
    { type: "message", by: 1, text: mine, at: at(1442) },
    { type: "joined", by: 3, at: at(4) },
    { type: "message", by: 3, text: agent, at: at(3) },
    { type: "message", by: 1, text: thanks, at: at(2) },
    { type: "read", by: 3, text: null, through: 99, at: at(1) },
  ]);
  await page.getByText(thanks).waitFor();
}

/** @param {Page} page @param {string} what @param {Look} look */
async function seen(page, what, look) {
  await page.mouse.move(0, 0);
  await expect(page).toHaveScreenshot(named(`widget-${what}`, look));
}

for (const look of LOOKS) {
  test(`a conversation: ${named("widget", look)}`, async ({ look: lookAt }) => {
    const { page, server } = await site(lookAt, look);
    await start(page);
    await talk(page, server, look);
    await seen(page, "conversation", look);
  });
}

/** @type {Array<[string, Look, (page: Page, server: Server, look: Look) => Promise<void>]>} */
const STATES = [
  [
    "launcher",
    { width: 1440 },
    async (page, server) => {
      await start(page);
      await page.locator(".panel-head button").last().click();
      server.say([{ type: "message", by: 3, text: "It is at the depot in Reading." }]);
      await page.locator("[data-unread]").waitFor();
    },
  ],
  ["form", { width: 1024, scheme: "dark" }, (page) => open(page)],
  [
    "form-problems",
    { width: 390, lang: "ar" },
    async (page) => {
      await open(page);
      await page.locator("form button[type=submit]").click();
      await page.locator("[aria-invalid=true]").first().waitFor();
    },
  ],
  [
    "line",
    { width: 390 },
    async (page, server) => {
      await start(page);
      server.tell({ event: "queue", chat: "C1", place: 2, wait_s: 180 });
      await page.getByText("2", { exact: false }).first().waitFor();
    },
  ],
  [
    "nobody",
    { width: 390, scheme: "dark" },
    async (page, server) => {
      server.service = { ...SERVICE, open: false, closed: { en: "We are here again at 9 o’clock." } };
      await open(page);
      await page.getByText("We are here again").waitFor();
    },
  ],
  [
    "choice",
    { width: 1440, scheme: "dark" },
    async (page, server) => {
      await start(page);
      const options = ["An order", "An invoice", "Something else"].map((title, n) => ({ id: String(n), title }));
      server.say([
        { type: "rich", by: 2, text: "What is it about?", content: { kind: "quick_replies", text: "x", options } },
      ]);
      await page.getByText("What is it about?", { exact: true }).waitFor();
    },
  ],
  [
    "no-connection",
    { width: 1024 },
    async (page, server, look) => {
      await start(page);
      await talk(page, server, look);
      server.down = true;
      server.cut();
      await field(page).fill("Are you there?");
      await field(page).press("Enter");
      await page.getByText("Connecting again").waitFor();
      await passes(page, 5000);
      await page.getByText("Waiting to be sent").waitFor();
    },
  ],
  [
    "not-sent",
    { width: 1440, lang: "ar" },
    async (page, server, look) => {
      await start(page);
      await talk(page, server, look);
      server.instead = (command) =>
        command.do === "send"
          ? { error: { code: "too_long", message: "too long", retry: false, bytes_max: 5 } }
          : undefined;
      await field(page).fill("رسالة طويلة جدًا");
      await field(page).press("Enter");
      await page.locator(".failure").waitFor();
    },
  ],
  [
    "ended",
    { width: 1024, lang: "ar" },
    async (page, server, look) => {
      await start(page);
      await talk(page, server, look);
      server.end();
      await page.locator(".ended").waitFor();
    },
  ],
];

for (const [what, look, arrange] of STATES) {
  test(`${named(`widget-${what}`, look)}`, async ({ look: lookAt }) => {
    const { page, server } = await site(lookAt, look);
    await arrange(page, server, look);
    await seen(page, what, look);
  });
}
