// The agent's page against a scripted server: sign-in, offers, several chats, and what survives a lost socket.

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
  { number: 1, role: "customer", nickname: "Zoë", user_id: "1", me: false },
  { number: 2, role: "agent", nickname: "Ann", user_id: "2", me: true },
];

/** A desk as a server would keep it. */
class Script {
  version = 1;
  status = { state: "not_ready", reason: "" };
  /** @type {Frame[]} */
  work = [];
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
    if (command.do === "sign_in") this.desk(socket);
    if (command.do === "sign_in") return { token: "T1", nickname: "Ann", capacity: 3, queues: ["support"] };
    if (command.do === "ready") this.status = { state: "ready", reason: "" };
    if (command.do === "not_ready") this.status = { state: "not_ready", reason: command.reason };
    if (command.do === "accept") this.work.forEach((work) => work.chat === command.chat && (work.stage = "chatting"));
    if (command.do === "decline") this.work = this.work.filter((work) => work.chat !== command.chat);
    if (command.do === "leave") {
      this.work.forEach((work) => work.chat === command.chat && Object.assign(work, { stage: "over", why: "left" }));
    }
    if (command.do === "history") {
      return {
        contact: { first_name: "Zoë", last_name: "Müller", email: "zoe@example.com" },
        records: [{ chat: "R1", started_at: 1, ended_at: 2, subject: "Shoes", service: "default" }],
      };
    }
    if (command.do === "transcript") {
      const events = [
        { eventId: 1, type: "message", by: 1, text: "They are too small", at: "2026-01-01T10:00:00.000Z" },
      ];
      return { record: { participants: [{ number: 1, nickname: "Zoë", type: "CLIENT" }], events }, next: null };
    }
    if (["ready", "not_ready", "accept", "decline", "leave"].includes(command.do)) this.desk(socket);
    return { version: this.version };
  }

  /** @param {Socket} socket */
  desk(socket) {
    this.version += 1;
    const { version, status } = this;
    const work = structuredClone(this.work);
    setTimeout(() => socket.send({ event: "desk", version, status, work }), 5);
  }

  /**
   * @param {Socket} socket
   * @param {string} chat
   * @param {string} stage
   * @param {number} [left_ms]
   */
  offer(socket, chat, stage = "offered", left_ms = 20_000) {
    const customer = {
      nickname: `Zoë ${chat}`,
      subject: "My order",
      since: Date.now(),
      priority: 0,
      data: { order: "42" },
    };
    this.work.push({ chat, queue: "support", stage, left_ms, customer });
    this.desk(socket);
  }
}

/**
 * @param {Socket} socket
 * @param {string} chat
 * @param {Frame[]} events with their indexes
 * @param {Frame} [more]
 */
function tell(socket, chat, events, more = {}) {
  const next = (events.at(-1)?.index ?? 0) + 1;
  const timed = events.map((event) => ({ at: Date.now(), ...event }));
  socket.send({ event: "chat", chat, next, ended: false, events: timed, typing: [], participants, ...more });
}

/** @param {import("playwright-core").BrowserContextOptions} [options] */
async function open(options = {}) {
  const { page, context, complaints } = await newWindow(browser, {
    viewport: { width: 1280, height: 800 },
    ...options,
  });
  const script = new Script();
  const fake = await Fake.on(page, (command, socket) => script.answer(command, socket));
  cleanups.push(async () => {
    fake.stop();
    await context.close();
    assert.deepEqual(complaints, []);
  });
  await page.goto(`${SITE}/agent`);
  return { page, fake, script };
}

/** @param {import("playwright-core").Page} page */
async function signIn(page) {
  await page.getByLabel("Name").fill("ann");
  await page.getByLabel("Password").fill("secret");
  await page.getByRole("button", { name: "Sign in" }).click();
}

const commands = (/** @type {Fake} */ fake, /** @type {string} */ what) =>
  fake.sockets.flatMap((socket) => socket.commands.filter((command) => command.do === what));

test("a wrong password, too many tries and an end elsewhere are each said in words", async () => {
  const { page, fake, script } = await open();
  script.instead = () => ({ error: { code: "wrong_password", message: "no", retry: false } });
  await signIn(page);
  await page.getByText("Name or password is wrong.").waitFor();
  script.instead = () => ({ error: { code: "slow_down", message: "no", retry: true, retry_ms: 60000 } });
  await signIn(page);
  await page.getByText("Too many tries.").waitFor();
  script.instead = () => undefined;
  await signIn(page);
  await page.locator("#desk").waitFor();
  script.status = { state: "signed_out", reason: "" };
  script.desk(fake.last);
  await page.getByText("You were signed out in another window.").waitFor();
});

test("the password is sent once; afterwards, and after a reload, the token speaks for the agent", async () => {
  const { page, fake } = await open();
  await signIn(page);
  await page.locator("#desk").waitFor();
  fake.last.close();
  await until("another socket", () => commands(fake, "sign_in").length === 2);
  await page.reload();
  await page.locator("#desk").waitFor();
  const proofs = commands(fake, "sign_in").map(({ password, token }) => password ?? token);
  assert.deepEqual(proofs, ["secret", "T1", "T1"]);
  assert.ok(!(await page.evaluate(() => JSON.stringify({ ...sessionStorage }))).includes("secret"));
});

test("a token that comes over the open socket is the one that speaks for the agent from then on", async () => {
  const { page, fake } = await open();
  await signIn(page);
  await page.locator("#desk").waitFor();
  fake.last.send({ event: "token", token: "T2" });
  await until("it is kept", () => page.evaluate(() => JSON.stringify({ ...sessionStorage }).includes("T2")));
  fake.last.close();
  await until("another socket", () => commands(fake, "sign_in").length === 2);
  assert.equal(commands(fake, "sign_in")[1].token, "T2");
});

test("after a token that is over the password is asked for, and what was not sent yet goes on", async () => {
  const { page, fake, script } = await open();
  script.offer(fake.last ?? { send() {} }, "C1", "chatting");
  await signIn(page);
  await page.locator("#chat-name").waitFor();
  tell(fake.last, "C1", [{ index: 1, type: "joined", by: 1 }]);
  const over = { error: { code: "token_expired", message: "over", retry: false } };
  script.instead = (command) => (command.do === "send" ? null : command.token ? over : undefined);
  await page.getByLabel("Your message").fill("one");
  await page.getByLabel("Your message").press("Enter");
  await until("it is on its way", () => commands(fake, "send").length === 1);
  fake.last.close();
  await page.getByText("Please sign in again.").waitFor();
  assert.equal(await page.getByLabel("Name").inputValue(), "ann");
  script.instead = () => ({ error: { code: "wrong_password", message: "no", retry: false } });
  await signIn(page);
  await page.getByText("Name or password is wrong.").waitFor();
  script.instead = (command) => (command.do === "send" ? { index: 2 } : undefined);
  await page.reload();
  await signIn(page);
  await page.locator("#chat-name").waitFor();
  await until("it goes again", () => commands(fake, "send").length === 2);
  const [first, second] = commands(fake, "send");
  assert.deepEqual([second.id, second.text], [first.id, "one"]);
  const proofs = commands(fake, "sign_in").map(({ password, token }) => [password, token]);
  const shown = ["secret", "T1"];
  assert.deepEqual(proofs, [["secret", undefined], [undefined, "T1"], shown, shown]);
});

test("the status is chosen with the keyboard, with a reason", async () => {
  const { page, fake } = await open();
  await signIn(page);
  await page.locator("#status").focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await page.locator("#status-text", { hasText: /^Ready$/ }).waitFor();
  await page.keyboard.press("Escape");
  await page.locator("#status").press("Enter");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.locator("#status-text", { hasText: "Break" }).waitFor();
  assert.equal(commands(fake, "not_ready")[0].reason, "break");
});

test("an offer rings with a countdown, and shows who waits and with what", async () => {
  const { page, fake, script } = await open();
  await signIn(page);
  await page.locator("#desk").waitFor();
  script.offer(fake.last, "C1");
  const card = page.locator(".offer");
  await card.getByText("Zoë C1").waitFor();
  for (const part of ["support", "My order", "42", "s left"]) await card.getByText(part).first().waitFor();
  const width = () =>
    page.locator(".countdown i").evaluate((bar) => parseFloat(/** @type {HTMLElement} */ (bar).style.width));
  const first = await width();
  await until("it runs down", async () => (await width()) < first);
  assert.match(await page.title(), /^\(1\) /);
  await card.getByRole("button", { name: "Decline" }).click();
  await card.waitFor({ state: "detached" });
  assert.equal(commands(fake, "decline")[0].chat, "C1");
});

test("what of the attached data is not shown in full is counted, with the offer and in the chat", async () => {
  const { page, fake, script } = await open();
  script.offer(fake.last ?? { send() {} }, "C1");
  const [work] = script.work;
  Object.assign(work.customer, { left_out: 3 });
  await signIn(page);
  await page
    .locator(".offer")
    .getByText(/Not shown in full: .?3/)
    .waitFor();
  work.stage = "chatting";
  script.desk(fake.last);
  await page.locator("#chats [data-chat=C1] button").click();
  await page
    .locator("#data")
    .getByText(/Not shown in full: .?3/)
    .waitFor();
});

test("an accept whose answer was lost is repeated with its id, and the chat resumes from its position", async () => {
  const { page, fake, script } = await open();
  await signIn(page);
  await page.locator("#desk").waitFor();
  script.offer(fake.last, "C1");
  script.instead = (command, socket) => {
    if (command.do !== "accept" || fake.sockets.length > 1) return undefined;
    setTimeout(() => socket.close(), 20);
    return null;
  };
  await page.getByRole("button", { name: "Accept" }).click();
  await page.locator("#chat-name", { hasText: "Zoë C1" }).waitFor();
  const [first, second] = commands(fake, "accept");
  assert.equal(second.id, first.id);
  tell(fake.last, "C1", [{ index: 5, type: "message", by: 1, text: "hello" }]);
  await page.locator("#log").getByText("hello").waitFor();
  fake.last.close();
  await until("it signs in again", () => commands(fake, "sign_in").length === 3);
  assert.deepEqual(commands(fake, "sign_in")[2].positions, { C1: 6 });
});

test("what an agent writes while the connection is away keeps its id and its order", async () => {
  const { page, fake, script } = await open();
  script.offer(fake.last ?? { send() {} }, "C1", "chatting");
  await signIn(page);
  await page.locator("#chat-name").waitFor();
  tell(fake.last, "C1", [{ index: 1, type: "joined", by: 1 }]);
  script.instead = (command) => (command.do === "send" ? null : undefined);
  for (const text of ["one", "two"]) {
    await page.getByLabel("Your message").fill(text);
    await page.getByLabel("Your message").press("Enter");
  }
  await page.locator("#pending").getByText("Sending …").first().waitFor();
  await until("the first is on its way", () => commands(fake, "send").length === 1);
  let index = 1;
  script.instead = (command, socket) => {
    if (command.do !== "send") return undefined;
    index += 1;
    tell(socket, "C1", [{ index, type: "message", by: 2, text: command.text }]);
    return { index };
  };
  fake.last.close();
  await page.locator("#log").getByText("two").waitFor();
  const sends = commands(fake, "send");
  assert.deepEqual(
    sends.map(({ text }) => text),
    ["one", "one", "two"],
  );
  assert.equal(sends[1].id, sends[0].id);
  assert.notEqual(sends[2].id, sends[0].id);
});

test("what did not reach the customer, and what may not be said to them, is told in words", async () => {
  const { page, fake, script } = await open();
  script.offer(fake.last ?? { send() {} }, "C1", "chatting");
  await signIn(page);
  await page.locator("#chat-name").waitFor();
  tell(fake.last, "C1", [{ index: 1, type: "joined", by: 1 }]);
  const error = { code: "window_closed", message: "closed", retry: false };
  script.instead = (command) => (command.do === "send" ? { error } : undefined);
  await page.getByLabel("Your message").fill("too late");
  await page.getByLabel("Your message").press("Enter");
  await page.locator("#pending").getByText("The customer can’t be answered until they write again.").waitFor();
  tell(fake.last, "C1", [
    { index: 2, type: "message", by: 2, text: "hello" },
    { index: 3, type: "delivery", by: 0, of: 2, state: "sent", reason: null },
    { index: 4, type: "delivery", by: 0, of: 2, state: "failed", reason: "blocked" },
  ]);
  await page.locator("#log").getByText("A message did not reach the customer: \u2068blocked\u2069").waitFor();
  assert.equal(await page.locator("#log .line").getByText("A message did not").count(), 1);
});

test("an event of a kind that the page does not know is shown by its text, and what is for programs is not", async () => {
  const { page, fake, script } = await open();
  script.offer(fake.last ?? { send() {} }, "C1", "chatting");
  await signIn(page);
  await page.locator("#chat-name").waitFor();
  tell(fake.last, "C1", [
    { index: 1, type: "custom_notice", by: 1, text: "for programs" },
    { index: 2, type: "cheered", by: 1, text: "hooray" },
    { index: 3, type: "unheard_of", by: 1 },
    { index: 4, type: "message", by: 1, text: "hello" },
  ]);
  await page.locator("#log").getByText("hello").waitFor();
  assert.deepEqual(
    await page
      .locator("#log .line")
      .getByText(/hooray|for programs/)
      .allTextContents(),
    ["hooray"],
  );
});

test("several chats: unread ones are counted, drafts stay, and each shows its own conversation", async () => {
  const { page, fake, script } = await open();
  await signIn(page);
  await page.locator("#desk").waitFor();
  for (const chat of ["C1", "C2"]) script.offer(fake.last, chat, "chatting");
  await page.locator("#chats li").nth(1).waitFor();
  tell(fake.last, "C1", [{ index: 1, type: "message", by: 1, text: "from one" }]);
  await page.locator("#log").getByText("from one").waitFor();
  tell(fake.last, "C2", [{ index: 1, type: "message", by: 1, text: "from two" }]);
  tell(fake.last, "C2", [{ index: 2, type: "message", by: 1, text: "again" }]);
  await page.locator('[data-chat="C2"] .unread', { hasText: "2" }).waitFor();
  await page.getByLabel("Your message").fill("a draft");
  await page.locator('[data-chat="C2"] button').click();
  await page.locator("#log").getByText("again").waitFor();
  assert.equal(await page.getByLabel("Your message").inputValue(), "");
  assert.equal(await page.locator("#log").getByText("from one").count(), 0);
  await page.locator('[data-chat="C1"] button').click();
  assert.equal(await page.getByLabel("Your message").inputValue(), "a draft");
});

test("the customer's typing is seen before he sends, and his leaving leaves the chat to the agent", async () => {
  const { page, fake, script } = await open();
  await signIn(page);
  await page.locator("#desk").waitFor();
  script.offer(fake.last, "C1", "chatting");
  await page.locator("#chat-name").waitFor();
  tell(fake.last, "C1", [{ index: 1, type: "joined", by: 1 }]);
  tell(fake.last, "C1", [], {
    next: 3,
    typing: [{ index: 2, at: Date.now(), by: 1, started: true, preview: "I wou" }],
  });
  await page.locator("#preview").getByText("I wou").waitFor();
  tell(fake.last, "C1", [{ index: 3, type: "left", by: 1, reason: "left" }]);
  await page.getByText("The customer has left. You still have the chat").waitFor();
  await page.getByRole("button", { name: "Leave", exact: true }).click();
  await page.getByRole("menuitem", { name: /^Leave the chat/ }).click();
  await page.getByText("You have left this chat.").waitFor();
  assert.equal(commands(fake, "leave")[0].how, "close_if_no_agents");
  await page.getByRole("button", { name: "Remove" }).click();
  await page.getByText("Choose a chat on the left.").waitFor();
});

test("the details show contact and attached data, and open an earlier record", async () => {
  const { page, fake, script } = await open();
  await signIn(page);
  await page.locator("#desk").waitFor();
  script.offer(fake.last, "C1", "chatting");
  const details = page.locator("#details");
  for (const part of ["zoe@example.com", "42", "Zoë Müller"])
    await details.getByText(part, { exact: part === "42" }).waitFor();
  await details.getByRole("button", { name: /Shoes/ }).click();
  await page.getByRole("dialog").getByText("They are too small").waitFor();
  await page.getByRole("button", { name: "Close" }).click();
  assert.equal(await page.getByRole("dialog").count(), 0);
});

test("who has not proved who they are is called so beside the name and before an earlier chat opens", async () => {
  const { page, fake, script } = await open();
  /** @type {Frame} */
  const record = { chat: "R1", started_at: 1, ended_at: 2, subject: "Shoes", service: "default", verified: true };
  script.instead = (command) => {
    if (command.do !== "history") return undefined;
    if (command.chat === "C3") return { contact: { email: "z@example.com" }, records: [], hidden: true };
    return { contact: { email: "zoe@example.com" }, records: [record], hidden: false };
  };
  await signIn(page);
  await page.locator("#desk").waitFor();
  for (const chat of ["C1", "C2", "C3"]) {
    script.offer(fake.last, chat);
    await page.locator(`.offer[data-chat=${chat}]`).waitFor();
    Object.assign(script.work.at(-1)?.customer ?? {}, { verified: chat === "C2" });
    script.desk(fake.last);
  }
  /** @param {string} chat */
  const chooses = async (chat) => {
    Object.assign(script.work.find((work) => work.chat === chat) ?? {}, { stage: "chatting" });
    script.desk(fake.last);
    await page.locator(`#chats [data-chat=${chat}] button`).click();
  };
  await page.locator(".offer[data-chat=C1]").getByText("Not verified").waitFor();
  const details = page.locator("#details");
  const dialog = page.getByRole("dialog");

  await chooses("C1");
  await page.locator("#chat-unverified").getByText("Not verified").waitFor();
  await details.getByText("These chats may be somebody else’s").waitFor();
  await details.getByRole("button", { name: /Shoes/ }).click();
  await dialog.getByText("this chat may be somebody else’s").waitFor();
  await page.getByRole("button", { name: "Close" }).click();

  await chooses("C2");
  await details.getByText("Verified", { exact: true }).waitFor();
  assert.equal(await page.locator("#chat-unverified").isVisible(), false);
  assert.equal(await details.getByText("somebody else’s").isVisible(), false);
  await details.getByRole("button", { name: /Shoes/ }).click();
  await dialog.getByText("They are too small").waitFor();
  assert.equal(await page.locator("#record-note").isVisible(), false);
  await page.getByRole("button", { name: "Close" }).click();

  await chooses("C3");
  await details.getByText("Not shown: the customer has not proved who they are.").waitFor();
  assert.equal(await details.getByRole("button", { name: /Shoes/ }).count(), 0);
});

test("an earlier record comes page by page, as its reader scrolls or asks for more, and goes on after a failure", async () => {
  const { page, fake, script } = await open();
  /** @param {number} from */
  const record = (from) => ({
    participants: from === 1 ? [{ number: 1, nickname: "Zoë", type: "CLIENT" }] : [],
    events: Array.from({ length: 50 }, (_, n) => ({
      eventId: from + n,
      type: "message",
      by: 1,
      text: `Said ${from + n}.`,
      at: "2026-01-01T10:00:00.000Z",
    })),
  });
  let fails = true;
  script.instead = (command) => {
    if (command.do !== "transcript") return undefined;
    const from = command.from ?? 1;
    if (from === 51 && fails) {
      fails = false;
      return { error: { code: "unknown_chat", message: "there is no such record", retry: false } };
    }
    return { record: record(from), next: from < 101 ? from + 50 : null };
  };
  await signIn(page);
  await page.locator("#desk").waitFor();
  script.offer(fake.last, "C1", "chatting");
  await page.locator("#details").getByRole("button", { name: /Shoes/ }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Said 50.").waitFor();
  assert.equal(commands(fake, "transcript").length, 1, "no page is fetched before it is wanted");
  await page.locator("#record-scroller").evaluate((scroller) => scroller.scrollTo(0, scroller.scrollHeight));
  await until("the failure is shown", () => !fails);
  await dialog.getByRole("button", { name: "More" }).click();
  await dialog.getByText("Said 100.").waitFor();
  await page.locator("#record-scroller").evaluate((scroller) => scroller.scrollTo(0, scroller.scrollHeight));
  await dialog.getByText("Said 150.").waitFor();
  assert.equal(await dialog.getByRole("button", { name: "More" }).count(), 0);
  const said = await dialog.locator(".text").allTextContents();
  assert.deepEqual(
    said,
    Array.from({ length: 150 }, (_, n) => `Said ${n + 1}.`),
  );
  assert.equal(await dialog.getByText("Zoë").count(), 150, "who spoke is known in later pages too");
});
