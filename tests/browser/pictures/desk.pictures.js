// The desk of agents and supervisors, in each of its states.

import { expect } from "@playwright/test";
import { desk, LOOKS, MINUTE, named, NOW, passes, signIn, test } from "./staging.js";

/** @typedef {import("./staging.js").Look} Look */
/** @typedef {import("@playwright/test").Page} Page */
/** @typedef {import("../support/desk.js").DeskServer} DeskServer */

/** @param {string} text @param {number} by @param {number} minutes ago */
const said = (text, by, minutes) => ({ type: "message", by, text, at: NOW - minutes * MINUTE });

const DATA = {
  order: "4711",
  "delivery service": "Post",
  language: "en",
  page: "https://shop.test/examples/site/delivery",
};

/** @param {string} chat @param {string} subject @param {number} minutes ago */
const record = (chat, subject, minutes) => ({
  chat,
  subject,
  service: "shop",
  started_at: NOW - minutes * MINUTE,
  ended_at: NOW - (minutes - 10) * MINUTE,
  verified: true,
});

/** Three chats, an offer, and a history. @param {DeskServer} server @param {Look} look */
function day(server, { lang = "en" }) {
  const [asks, agent, thanks] =
    lang === "ar"
      ? ["أين دراجتي؟", "سأبحث عنها حالًا.", "شكرًا جزيلًا"]
      : ["My Commuter was to come on Tuesday. Where is it?", "I am looking it up now.", "Thank you!"];
  server.now = () => NOW - 9 * MINUTE;
  server.chat(
    "C1",
    [said("Hello Leonie 👋 What can we do for you?", 3, 9), said(asks, 1, 8), said(agent, 2, 6), said(thanks, 1, 3)],
    { nickname: lang === "ar" ? "ليوني" : "Leonie Brandt", subject: "Delivery", data: DATA, since: NOW - 9 * MINUTE },
  );
  server.now = () => NOW;
  server.chat("C2", [said("Do you repair gears too?", 1, 1)], { nickname: "Mateo", verified: false });
  server.chat("C3", [said("Is the Carrier in stock?", 1, 12), said("Yes, in green.", 2, 11)], { nickname: "佐藤" });
  server.waiting = [{ name: "support", waiting: 2, waits_since: NOW - 4 * MINUTE, free_agents: 0, trouble: null }];
  server.history = {
    contact: {
      id: "K1",
      first_name: "Leonie",
      last_name: "Brandt",
      email: "leonie@example.org",
      since: NOW - 90_000 * MINUTE,
      verified: true,
    },
    records: [record("R1", "A flat tyre", 40_000), record("R2", "Moving house", 61_000)],
    hidden: false,
  };
}

/** @param {Page} page @param {string} chat */
const choose = (page, chat) => page.locator(`.chats [data-chat=${chat}] button`).click();

/** @param {Page} page @param {string} what @param {Look} look */
async function seen(page, what, look) {
  await page.mouse.move(0, 0);
  await expect(page).toHaveScreenshot(named(`desk-${what}`, look));
}

for (const look of LOOKS) {
  test(`what only agents see: ${named("desk", look)}`, async ({ look: lookAt }) => {
    const { page, server } = await desk(lookAt, look);
    day(server, look);
    server.happens("C1", [{ ...said("The depot has it since Monday.", 2, 2), internal: true }]);
    await signIn(page);
    await choose(page, "C1");
    await page.locator(".internal .bubble").waitFor();
    await page.locator(".mode").nth(1).click();
    await page.locator(".desk-composer textarea").fill("Who can drive there today?");
    await seen(page, "internal", look);
  });

  test(`a conversation: ${named("desk", look)}`, async ({ look: lookAt }) => {
    const { page, server } = await desk(lookAt, look);
    day(server, look);
    await signIn(page);
    await choose(page, "C1");
    await page.locator(".bubble").nth(3).waitFor();
    server.offer("O1", { nickname: "Ben", subject: "A repair" });
    if (look.width > 390) await page.locator(".offer").waitFor();
    await seen(page, "conversation", look);
  });
}

/** @param {DeskServer} server */
function overview(server) {
  const agent = (/** @type {string} */ name, /** @type {string} */ state, /** @type {number} */ minutes, work = 0) => ({
    name: name.toLowerCase(),
    nickname: name,
    state,
    reason: state === "not ready" ? "break" : null,
    since: NOW - minutes * MINUTE,
    work,
    capacity: 3,
  });
  const chat = (/** @type {string} */ id, /** @type {string} */ place, /** @type {number} */ minutes) => ({
    chat: id,
    state: "open",
    service: "shop",
    place,
    queue: "support",
    agent: place === "agent" ? "ann" : null,
    started_at: NOW - minutes * MINUTE,
  });
  server.supervisor = true;
  server.overview = {
    at: NOW,
    partial: false,
    agents: [agent("Ann", "ready", 12, 2), agent("Bob", "not ready", 4), agent("Cleo", "signed out", 61)],
    queues: [
      { name: "support", waiting: 4, waits_since: NOW - 130_000, free_agents: 1, trouble: null },
      { name: "sales", waiting: 0, waits_since: null, free_agents: 2, trouble: null },
    ],
    chats: [chat("8f1c", "queue", 2), chat("91aa", "agent", 9), chat("a3b0", "agent", 31)],
  };
  server.waiting = server.overview.queues;
}

/** @type {Array<[string, Look, (page: Page, server: DeskServer) => Promise<void>]>} */
const STATES = [
  ["sign-in", { width: 1024 }, (page) => page.locator(".sign-in").waitFor()],
  [
    "sign-in-problems",
    { width: 390, scheme: "dark" },
    async (page, server) => {
      server.instead = () => ({ error: { code: "wrong_password", message: "no", retry: false } });
      await page.locator("input[name=name]").fill("ann");
      await page.locator("input[name=password]").fill("wrong");
      await page.keyboard.press("Enter");
      await page.locator("[role=alert]").waitFor();
    },
  ],
  [
    "not-ready",
    { width: 1440 },
    async (page, server) => {
      server.status = { state: "not_ready", reason: "break" };
      await signIn(page);
    },
  ],
  ["empty", { width: 1024, scheme: "dark" }, (page) => signIn(page)],
  [
    "offer",
    { width: 390 },
    async (page, server) => {
      await signIn(page);
      server.offer("O1", { nickname: "Ben", subject: "A repair", data: DATA, verified: false });
      await page.locator(".offer").waitFor();
    },
  ],
  [
    "over",
    { width: 1440, lang: "ar" },
    async (page, server) => {
      day(server, { width: 1440, lang: "ar" });
      await signIn(page);
      await choose(page, "C1");
      server.work[0].stage = "over";
      server.work[0].why = "ended";
      server.desk();
      await page.locator(".chat-over").waitFor();
    },
  ],
  [
    "no-connection",
    { width: 1440, scheme: "dark" },
    async (page, server) => {
      day(server, { width: 1440 });
      await signIn(page);
      await choose(page, "C1");
      server.break();
      await page.locator("#message").fill("It comes tomorrow.");
      await page.keyboard.press("Enter");
      await passes(page, 5000);
      await page.locator(".banner").waitFor();
    },
  ],
  [
    "details",
    { width: 390, lang: "ar" },
    async (page, server) => {
      day(server, { width: 390, lang: "ar" });
      await signIn(page);
      await choose(page, "C1");
      await page.locator("#details-button").click();
    },
  ],
  [
    "shortcuts",
    { width: 1024 },
    async (page, server) => {
      day(server, { width: 1024 });
      await signIn(page);
      await page.locator(".desk").press("?");
      await page.locator("dialog").waitFor();
    },
  ],
  [
    "settings",
    { width: 1440, scheme: "dark" },
    async (page, server) => {
      day(server, { width: 1440 });
      await signIn(page);
      await page.locator(".bar button").last().click();
      await page.getByRole("menuitem", { name: "Settings" }).click();
      await page.locator("dialog").waitFor();
    },
  ],
  ...LOOKS.filter(({ width }) => width !== 1024).map(
    (look) =>
      /** @type {[string, Look, (page: Page, server: DeskServer) => Promise<void>]} */ ([
        "overview",
        look,
        async (page, server) => {
          overview(server);
          await signIn(page);
          await page
            .locator("nav button, .bar button")
            .filter({ hasText: /Overview|نظرة/ })
            .click();
          await page.locator("section.grid tbody tr").first().waitFor();
        },
      ]),
  ),
];

for (const [what, look, arrange] of STATES) {
  test(`${named(`desk-${what}`, look)}`, async ({ look: lookAt }) => {
    const { page, server } = await desk(lookAt, look);
    await arrange(page, server);
    await seen(page, what, look);
  });
}
