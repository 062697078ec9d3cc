// The customer's page against a scripted server: what it says over its socket, and what the customer sees of it.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { launch, newWindow, until } from "./support/browser.js";
import { Fake, SITE } from "./support/fake.js";

/** @typedef {import("./support/fake.js").Frame} Frame */
/** @typedef {import("./support/fake.js").Socket} Socket */

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

const participants = [
  { number: 1, role: "customer", nickname: "Zoë", user_id: "1", me: true },
  { number: 2, role: "bot", nickname: "Robin", user_id: "2", me: false },
  { number: 3, role: "agent", nickname: "Ann", user_id: "3", me: false },
];

/** A chat as a server would keep it: each number once. */
class Script {
  next = 1;
  /** @type {Map<number, Frame>} */
  taken = new Map();
  /** @type {string[]} */
  texts = [];
  /** @type {(command: Frame, socket: Socket) => Frame | null | undefined} what is answered instead */
  instead = () => undefined;

  /**
   * @param {Frame} command
   * @param {Socket} socket
   * @returns {Frame | null}
   */
  answer(command, socket) {
    const instead = this.instead(command, socket);
    if (instead !== undefined) return instead;
    if (command.do === "start") {
      this.say(socket, [{ type: "joined", by: 1 }], { participants });
      return { chat: "C1", key: "K1", next_command: 1 };
    }
    if (command.do === "resume") return { next_command: this.taken.size + 1 };
    if (command.do === "send") return this.send(command, socket);
    return {};
  }

  /**
   * @param {Frame} command
   * @param {Socket} socket
   */
  send(command, socket) {
    const before = this.taken.get(command.number);
    if (before) return before;
    this.texts.push(command.text);
    const answer = { index: this.next, number: command.number };
    this.taken.set(command.number, answer);
    this.say(socket, [{ type: "message", by: 1, text: command.text }]);
    return answer;
  }

  /**
   * @param {Socket} socket
   * @param {Frame[]} events
   * @param {Frame} [more]
   */
  say(socket, events, more = {}) {
    const numbered = events.map((event) => ({ index: this.next++, at: Date.now(), ...event }));
    const frame = { event: "chat", chat: "C1", next: this.next, ended: false, events: numbered, typing: [], ...more };
    setTimeout(() => socket.send(frame), 5);
  }
}

/** @param {import("playwright-core").BrowserContextOptions & {query?: string}} [options] */
async function open(options = {}) {
  const { page, context, complaints } = await newWindow(browser, options);
  const script = new Script();
  const fake = await Fake.on(page, (command, socket) => script.answer(command, socket));
  cleanups.push(async () => {
    fake.stop();
    await context.close();
    assert.deepEqual(complaints, []);
  });
  await page.goto(`${SITE}/${options.query ?? ""}`);
  return { page, fake, script };
}

/** @param {import("playwright-core").Page} page */
async function start(page) {
  await page.getByLabel("Your name").fill("Zoë");
  await page.getByRole("button", { name: "Start chat" }).click();
  await page.getByLabel("Your message").waitFor();
}

/**
 * @param {import("playwright-core").Page} page
 * @param {string} text
 */
async function say(page, text) {
  await page.getByLabel("Your message").fill(text);
  await page.getByLabel("Your message").press("Enter");
}

const commands = (/** @type {Fake} */ fake, /** @type {string} */ what) =>
  fake.sockets.flatMap((socket) => socket.commands.filter((command) => command.do === what));

test("a message says it is being sent until the server has it, and is sent again with its number after a loss", async () => {
  const { page, fake, script } = await open();
  await start(page);
  script.instead = (command) => (command.do === "send" ? null : undefined);
  await say(page, "one");
  await say(page, "two");
  await page.locator("#pending").getByText("Sending …").first().waitFor();
  await until("the first is on its way", () => commands(fake, "send").length === 1);
  script.instead = () => undefined;
  fake.last.close();
  await page.locator("#log").getByText("two").waitFor();
  assert.deepEqual(script.texts, ["one", "two"]);
  const sends = commands(fake, "send").map(({ number, text }) => `${number} ${text}`);
  assert.deepEqual(sends, ["1 one", "1 one", "2 two"]);
  assert.equal(await page.locator("#pending li").count(), 0);
});

test("a message whose answer was lost is not sent twice", async () => {
  const { page, fake, script } = await open();
  await start(page);
  script.instead = (command, socket) => {
    if (command.do !== "send" || fake.sockets.length > 1) return undefined;
    script.send(command, socket);
    setTimeout(() => socket.close(), 50);
    return null;
  };
  await say(page, "only once");
  await until("it is back", () => commands(fake, "resume").length === 1);
  await until("nothing waits", async () => (await page.locator("#pending li").count()) === 0);
  assert.deepEqual(script.texts, ["only once"]);
  assert.equal(await page.locator("#log").getByText("only once").count(), 1);
});

test("a start whose answer was lost is repeated with the same id", async () => {
  const { page, fake, script } = await open();
  script.instead = (command, socket) => {
    if (command.do !== "start" || fake.sockets.length > 1) return undefined;
    setTimeout(() => socket.close(), 20);
    return null;
  };
  await start(page);
  const [first, second] = commands(fake, "start").map((command) => command.client_id);
  assert.ok(first.length >= 32);
  assert.equal(second, first);
});

test("a node that drains says so, and the page resumes at the next from its position", async () => {
  const { page, fake, script } = await open();
  await start(page);
  script.say(fake.last, [{ type: "message", by: 2, text: "hello" }]);
  await page.getByText("hello", { exact: true }).waitFor();
  fake.last.send({ event: "moved" });
  const resume = await until("it resumes", () => commands(fake, "resume")[0]);
  assert.deepEqual([resume.chat, resume.key, resume.position], ["C1", "K1", script.next]);
  script.say(fake.last, [{ type: "message", by: 2, text: "still here" }]);
  await page.getByText("still here").waitFor();
  assert.equal(await page.locator("#log li.theirs").count(), 2);
});

test("a socket on which nothing is heard is given up though it looks open", async () => {
  const { page, fake } = await open();
  await start(page);
  clearInterval(fake.last.beat);
  await until("another socket", () => fake.sockets.length === 2);
  await until("it resumes", () => commands(fake, "resume").length === 1);
});

test("a short loss is not mentioned, a longer one is, and goes when all is well", async () => {
  const { page, fake } = await open();
  await start(page);
  fake.last.close();
  await until("it resumes", () => commands(fake, "resume").length === 1);
  assert.equal(await page.getByText("Connection lost").isVisible(), false);
  fake.down = true;
  fake.last.close();
  await page.getByText("Connection lost").waitFor();
  fake.down = false;
  await page.getByText("Connection lost").waitFor({ state: "hidden" });
});

test("a refused message is given back to be mended, and the next one takes its number", async () => {
  const { page, fake, script } = await open();
  await start(page);
  script.instead = (command) =>
    command.do === "send" && command.text.length > 5
      ? { error: { code: "too_long", message: "too long", retry: false, bytes_max: 5 } }
      : undefined;
  await say(page, "much too long");
  await page.getByText("Not sent: this message is too long").waitFor();
  await say(page, "short");
  await page.locator("#log").getByText("short").waitFor();
  assert.deepEqual(script.texts, ["short"]);
  assert.equal(commands(fake, "send").at(-1)?.number, 1);
  await page.getByRole("button", { name: "Edit" }).click();
  assert.equal(await page.getByLabel("Your message").inputValue(), "much too long");
});

test("a number that another tab of the same chat has used is not taken for an answer to this one's message", async () => {
  const { page, fake, script } = await open();
  await start(page);
  script.instead = (command) =>
    command.do === "send" && command.number === 1
      ? { error: { code: "id_in_use", message: "used for something else", retry: false } }
      : undefined;
  await say(page, "mine");
  await page.locator("#log").getByText("mine").waitFor();
  assert.deepEqual(
    commands(fake, "send").map((command) => command.number),
    [1, 2],
  );
});

test("a reload goes on with the same chat, and with what was not sent yet", async () => {
  const { page, fake, script } = await open();
  await start(page);
  await say(page, "before");
  await page.locator("#log").getByText("before").waitFor();
  script.instead = (command) => (command.do === "send" ? null : undefined);
  await say(page, "during");
  await until("it is on its way", () => commands(fake, "send").length === 2);
  script.instead = (command, socket) => {
    if (command.do !== "resume") return undefined;
    script.say(socket, [], {
      participants,
      events: [{ index: 2, at: Date.now(), type: "message", by: 1, text: "before" }],
    });
    return undefined;
  };
  await page.reload();
  await page.locator("#log").getByText("during").waitFor();
  assert.equal(commands(fake, "resume")[0].position, 1);
  assert.deepEqual(script.texts, ["before", "during"]);
  assert.deepEqual(
    commands(fake, "send").map((command) => command.number),
    [1, 2, 2],
  );
  assert.equal(await page.locator("#log").getByText("before").count(), 1);
});

test("the customer sees who types, that he waits for somebody, and whom he talks to", async () => {
  const { page, fake, script } = await open();
  await start(page);
  const status = page.locator("#status");
  script.say(fake.last, [{ type: "joined", by: 2 }]);
  await until("connected", async () => (await status.textContent()) === "Connected");
  script.say(fake.last, [{ type: "left", by: 2, reason: "left" }]);
  await until("waiting", async () => (await status.textContent()) === "Waiting for an agent …");
  script.say(fake.last, [{ type: "joined", by: 3 }]);
  await until("talking", async () => (await status.textContent())?.includes("Ann"));
  script.say(fake.last, [], { typing: [{ index: script.next, at: Date.now(), by: 3, started: true }] });
  await page.locator("#typing").getByText("is typing").waitFor();
  script.say(fake.last, [{ type: "message", by: 3, text: "Good morning" }]);
  await page.getByText("Good morning").waitFor();
  assert.equal(await page.locator("#typing").textContent(), "");
});

test("what the customer types is shown to the agents as it grows, and taken back when he empties the field", async () => {
  const { page, fake } = await open();
  await start(page);
  await page.getByLabel("Your message").pressSequentially("Hel");
  await until("it is told", () => commands(fake, "typing").some((one) => one.started && one.preview.startsWith("H")));
  await page.getByLabel("Your message").fill("");
  await until("it is taken back", () => commands(fake, "typing").at(-1)?.started === false);
});

test("leaving comes after what was written before, and the end offers a new chat", async () => {
  const { page, fake, script } = await open();
  await start(page);
  script.instead = (command, socket) => {
    if (command.do === "leave") script.say(socket, [{ type: "left", by: 1, reason: "left" }], { ended: true });
    return undefined;
  };
  await say(page, "good bye");
  await page.getByRole("button", { name: "End chat" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "End chat" }).click();
  await page.getByRole("button", { name: "Start a new chat" }).click();
  await page.getByLabel("Your name").waitFor();
  const last = fake.sockets.flatMap((socket) => socket.commands).filter(({ number }) => number);
  assert.deepEqual(
    last.map((command) => `${command.do} ${command.number}`),
    ["send 1", "leave 2"],
  );
});

test("a chat that is there no more says so instead of trying for ever", async () => {
  const { page, fake, script } = await open();
  await start(page);
  script.instead = (command) =>
    command.do === "resume" ? { error: { code: "unknown_chat", message: "no such chat", retry: false } } : undefined;
  fake.last.close();
  await page.getByText("This chat is no longer available.").waitFor();
  await page.getByRole("button", { name: "Start a new chat" }).waitFor();
});

test("Enter sends and Shift+Enter makes a line; markup is text; each message has its own direction", async () => {
  const { page, fake, script } = await open({ query: "?lang=en" });
  await start(page);
  const field = page.getByLabel("Your message");
  await field.fill("first");
  await field.press("Shift+Enter");
  await field.pressSequentially("<img src=x onerror=alert(1)>");
  await field.press("Enter");
  await page.locator("#log").getByText("<img src=x").waitFor();
  assert.deepEqual(script.texts, ["first\n<img src=x onerror=alert(1)>"]);
  script.say(fake.last, [{ type: "message", by: 2, text: "مرحبا، كيف حالك؟" }]);
  const arabic = page.locator("#log .theirs .text");
  await arabic.waitFor();
  assert.equal(await arabic.evaluate((element) => getComputedStyle(element).direction), "rtl");
  script.say(fake.last, [{ type: "message", by: 2, text: "see https://example.com/a?b=1." }]);
  assert.equal(await page.locator("#log a").getAttribute("href"), "https://example.com/a?b=1");
});
