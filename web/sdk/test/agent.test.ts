// The agent's desk against a scripted server: sign-in, offers, several chats, and what survives a loss.

import { afterEach, describe, expect, test } from "vitest";
import { AgentDesk, memoryStore, type AgentOptions, type Store } from "../src/index.js";
import { DeskServer } from "./support/desk-server.js";
import { fakeTime, pass } from "./support/time.js";

fakeTime();

const open: AgentDesk[] = [];
afterEach(() => {
  for (const desk of open.splice(0)) desk.close();
});

function client(server: DeskServer, options: Partial<AgentOptions> = {}): AgentDesk {
  const desk = new AgentDesk({
    nodes: ["http://one.test"],
    WebSocket: server.WebSocket,
    fetch: server.fetch,
    ...options,
  });
  open.push(desk);
  return desk;
}

async function signedIn(options: Partial<AgentOptions> = {}) {
  const server = new DeskServer();
  const desk = client(server, options);
  desk.signIn("ann", "secret");
  await pass(20);
  expect(desk.phase).toBe("in");
  return { server, desk };
}

/** With one chat, in which the customer said something. */
async function chatting(options: Partial<AgentOptions> = {}) {
  const { server, desk } = await signedIn(options);
  server.offer("C1", "chatting");
  await pass(1500);
  server.tell("C1", [{ index: 1, type: "joined", by: 1 }]);
  const chat = desk.chats.get("C1")!;
  return { server, desk, chat };
}

const refusal = (code: string, more = {}) => ({ error: { code, message: code, retry: false, ...more } });
const proofs = (server: DeskServer) => server.commands("sign_in").map(({ password, token }) => [password, token]);

describe("signing in", () => {
  test("tells who the agent is, and their status", async () => {
    const { server, desk } = await signedIn();
    expect([desk.nickname, desk.capacity, desk.queues, desk.name]).toEqual(["Ann", 3, ["support"], "ann"]);
    expect(desk.status).toEqual({ state: "not_ready", reason: "" });
    const done = [desk.ready()];
    await pass(20);
    expect(desk.status.state).toBe("ready");
    done.push(desk.notReady("break"));
    await pass(20);
    await Promise.all(done);
    expect(desk.status).toEqual({ state: "not_ready", reason: "break" });
    expect(server.commands("not_ready")[0]?.["reason"]).toBe("break");
  });

  test.each(["wrong_password", "slow_down"])("that is refused with %s says so", async (code) => {
    const server = new DeskServer();
    server.instead = () => refusal(code, code === "slow_down" ? { retry: true, retry_ms: 60_000 } : {});
    const desk = client(server);
    desk.signIn("ann", "guess");
    await pass(3000);
    expect([desk.phase, desk.refused, desk.connection]).toEqual(["out", code, "closed"]);
    expect(server.commands("sign_in")).toHaveLength(1);
  });

  test("shows the password once; afterwards, and after a reload, the token speaks for the agent", async () => {
    const store = memoryStore();
    const { server, desk } = await signedIn({ store });
    server.last.close();
    await pass(1000);
    desk.close();
    const again = client(server, { store });
    await pass(20);
    expect(again.phase).toBe("in");
    expect(proofs(server)).toEqual([
      ["secret", undefined],
      [undefined, "T1"],
      [undefined, "T2"],
    ]);
    expect(store.read()).not.toContain("secret");
  });

  test("goes on with the token that came last", async () => {
    const { server, desk } = await signedIn();
    server.last.send({ event: "token", token: "T9" });
    server.last.close();
    await pass(1000);
    expect(proofs(server)[1]).toEqual([undefined, "T9"]);
    expect(desk.transfer()).toEqual({ name: "ann", token: "T2" });
  });

  test("is left to another window by what it transfers", async () => {
    const { server, desk } = await signedIn();
    const transfer = desk.transfer()!;
    const other = client(server, { transfer });
    await pass(20);
    expect([other.phase, other.name, desk.phase]).toEqual(["in", "ann", "in"]);
    expect(proofs(server)[1]).toEqual([undefined, "T1"]);
  });

  test("is over when the agent signs out elsewhere, and a desk that was signed out before is no news", async () => {
    const server = new DeskServer();
    server.status = { state: "signed_out", reason: null };
    server.instead = (command, connection) => {
      // The desk as it was comes before the answer.
      if (command["do"] === "sign_in") server.show(connection);
      server.status = { state: "not_ready", reason: null };
      return undefined;
    };
    const desk = client(server);
    desk.signIn("ann", "secret");
    await pass(20);
    expect(desk.phase).toBe("in");
    server.status = { state: "signed_out", reason: null };
    server.version += 1;
    server.showAll();
    expect([desk.phase, desk.refused, desk.connection, desk.transfer()]).toEqual(["out", "elsewhere", "closed", null]);
  });

  test("out is refused as long as there are chats, and else is the end", async () => {
    const { server, desk } = await signedIn();
    server.instead = (command) => (command["do"] === "sign_out" ? refusal("has_chats") : undefined);
    const refused = expect(desk.signOut()).rejects.toMatchObject({ code: "has_chats" });
    await pass(20);
    await refused;
    expect(desk.phase).toBe("in");
    server.instead = () => undefined;
    const out = desk.signOut();
    await pass(20);
    await out;
    expect([desk.phase, desk.refused, desk.connection]).toEqual(["out", "", "closed"]);
  });

  test("out is what the agent asked for, though the desk says so before the answer", async () => {
    const { server, desk } = await signedIn();
    server.instead = (command) => {
      if (command["do"] !== "sign_out") return undefined;
      server.status = { state: "signed_out", reason: null };
      server.version += 1;
      server.showAll();
      return undefined;
    };
    const out = desk.signOut();
    await pass(20);
    await out;
    expect([desk.phase, desk.refused]).toEqual(["out", ""]);
  });

  test("again after the token's time is over goes on with what was not sent yet", async () => {
    const store = memoryStore();
    const { server, desk, chat } = await chatting({ store });
    server.instead = (command) =>
      command["do"] === "send"
        ? null
        : command["token"] === "T1" && !command["password"]
          ? refusal("token_expired")
          : undefined;
    chat.send("one");
    await pass(20);
    server.last.close();
    await pass(1000);
    expect([desk.phase, desk.refused, desk.name]).toEqual(["out", "token_expired", "ann"]);
    server.instead = () => refusal("wrong_password");
    desk.signIn("ann", "wrong");
    await pass(1000);
    expect(desk.refused).toBe("wrong_password");
    server.instead = () => undefined;
    desk.close();
    const again = client(server, { store });
    expect(again.phase).toBe("out");
    again.signIn("ann", "secret");
    await pass(50);
    const [first, second] = server.commands("send");
    expect([second?.["id"], second?.["text"]]).toEqual([first?.["id"], "one"]);
    expect(proofs(server)).toEqual([
      ["secret", undefined],
      [undefined, "T1"],
      ["wrong", "T1"],
      ["secret", "T1"],
    ]);
  });

  test("of another agent finds nothing of the one before", async () => {
    const store = memoryStore();
    const { server, desk, chat } = await chatting({ store });
    server.instead = (command) => (command["do"] === "send" ? null : undefined);
    chat.send("Ann's");
    await pass(20);
    desk.signIn("bob", "other");
    await pass(20);
    expect(server.commands("sign_in")[1]).toMatchObject({ name: "bob", password: "other", positions: {} });
    expect(server.commands("send")).toHaveLength(1);
    expect(store.read()).not.toContain("Ann's");
  });
});

describe("an offer", () => {
  test("rings once, with the time that is left", async () => {
    const { server, desk } = await signedIn();
    const rings: string[] = [];
    desk.on("offer", (offer) => rings.push(offer.chat));
    server.offer("C1");
    await pass(5000);
    server.changes("C1", { left_ms: 15_000 });
    const offer = desk.offers.get("C1");
    expect([offer?.queue, offer?.customer.subject, offer?.leftMs, offer?.totalMs]).toEqual([
      "support",
      "My order",
      15_000,
      20_000,
    ]);
    expect(rings).toEqual(["C1"]);
    await pass(20_000);
    expect(offer?.leftMs).toBe(0);
  });

  test("is declined, and gone", async () => {
    const { server, desk } = await signedIn();
    server.offer("C1");
    void desk.decline("C1");
    await pass(20);
    expect(desk.offers.size).toBe(0);
    expect(server.commands("decline")[0]?.["chat"]).toBe("C1");
  });

  test("whose acceptance lost its answer is accepted with the same id again, and the chat resumes", async () => {
    const { server, desk } = await signedIn();
    server.offer("C1");
    server.instead = (command, connection) => {
      if (command["do"] !== "accept" || server.connections.length > 1) return undefined;
      connection.close();
      return null;
    };
    const came: string[] = [];
    desk.on("chat", (chat) => came.push(chat.id));
    void desk.accept("C1");
    void desk.accept("C1");
    expect(desk.offers.get("C1")?.accepting).toBe(true);
    await pass(1000);
    const accepts = server.commands("accept");
    expect(accepts.map(({ id }) => id)).toEqual([accepts[0]?.["id"], accepts[0]?.["id"]]);
    expect([came, desk.offers.size]).toEqual([["C1"], 0]);
    server.tell("C1", [{ index: 5, type: "message", by: 1, text: "hello" }]);
    server.last.close();
    await pass(1000);
    expect(server.commands("sign_in")[2]?.["positions"]).toEqual({ C1: 6 });
  });

  test("that is theirs no longer can be accepted no more", async () => {
    const { server, desk } = await signedIn();
    server.offer("C1");
    server.instead = (command) => (command["do"] === "accept" ? refusal("no_claim") : undefined);
    const refused = expect(desk.accept("C1")).rejects.toMatchObject({ code: "no_claim" });
    await pass(20);
    await refused;
    expect(desk.offers.get("C1")?.accepting).toBe(false);
  });
});

describe("a chat", () => {
  test("shows the customer, their history, and pages of earlier chats", async () => {
    const { server, desk, chat } = await chatting();
    await pass(20);
    expect(chat.history?.records[0]?.chat).toBe("R1");
    expect(chat.work.customer.data).toEqual({ order: "42" });
    const page = desk.transcript("R1");
    const next = desk.transcript("R1", 50);
    await pass(20);
    expect((await page).next).toBe(null);
    await next;
    expect(server.commands("transcript").map(({ from }) => from)).toEqual([undefined, 50]);
  });

  test("says that its history was refused, and asks for it once more", async () => {
    const { server, desk } = await signedIn();
    server.instead = (command) => (command["do"] === "history" ? refusal("failed") : undefined);
    server.offer("C1", "chatting");
    await pass(20);
    expect(desk.graceMs).toBe(15_000);
    const chat = desk.chats.get("C1")!;
    expect([chat.history, chat.historyRefused]).toEqual([null, "failed"]);
    server.instead = () => undefined;
    void chat.fetchHistory();
    expect(chat.historyRefused).toBe("");
    await pass(20);
    expect(chat.history?.records[0]?.chat).toBe("R1");
  });

  test("keeps the ids and the order of what is written while the connection is away", async () => {
    const { server, chat } = await chatting();
    server.instead = (command) => (command["do"] === "send" ? null : undefined);
    chat.send("one");
    chat.send("two");
    await pass(20);
    server.instead = () => undefined;
    server.last.close();
    await pass(1000);
    const sends = server.commands("send");
    expect(sends.map(({ text }) => text)).toEqual(["one", "one", "two"]);
    expect(sends[1]?.["id"]).toBe(sends[0]?.["id"]);
    expect(sends[2]?.["id"]).not.toBe(sends[0]?.["id"]);
    expect(chat.pending).toHaveLength(0);
    expect(chat.thread.events.map(({ text }) => text).slice(1)).toEqual(["one", "two"]);
  });

  test("says what was refused, and goes on", async () => {
    const { server, chat } = await chatting();
    server.instead = (command) =>
      command["text"] === "too late" ? refusal("window_closed", { closed_at: 1 }) : undefined;
    const item = chat.send("too late");
    chat.send("in time");
    await pass(50);
    expect([item.state, item.reason]).toEqual(["failed", "window_closed"]);
    expect(chat.thread.events.at(-1)?.text).toBe("in time");
    chat.discard(item);
    expect(chat.pending).toHaveLength(0);
  });

  test("is left after what was said before", async () => {
    const { server, desk, chat } = await chatting();
    const over: string[] = [];
    desk.on("over", (one) => over.push(one.over));
    chat.send("good bye");
    void desk.leave("C1", "force_close");
    expect(chat.leaving).toBe(true);
    await pass(50);
    const order = server.last.commands
      .map((command) => command["do"])
      .filter((what) => what === "send" || what === "leave");
    expect(order).toEqual(["send", "leave"]);
    expect(server.commands("leave")[0]?.["how"]).toBe("force_close");
    expect([chat.over, chat.leaving, over]).toEqual(["left", false, ["left"]]);
    desk.dismiss("C1");
    expect(desk.chats.size).toBe(0);
  });

  test.each([
    [{ stage: "over", why: "abandoned" }, null, "abandoned"],
    [null, null, "ended"],
    [null, "lost", "lost"],
  ])("that is over says why: %j, status %j", async (work, reason, why) => {
    const { server, desk, chat } = await chatting();
    server.status = { state: "not_ready", reason };
    if (work) server.changes("C1", work);
    else {
      server.work = [];
      server.version += 1;
      server.showAll();
    }
    expect(chat.over).toBe(why);
    // It is there until it is dismissed, and a chat that goes on cannot be.
    expect(desk.chats.size).toBe(1);
  });

  test("that is over is shown to its end, which may come after that", async () => {
    const { server, chat } = await chatting();
    server.changes("C1", { stage: "over", why: "ended" });
    server.last.close();
    await pass(1000);
    expect(server.commands("sign_in").at(-1)?.["positions"]).toEqual({ C1: 2 });
    server.tell("C1", [{ index: 2, type: "left", by: 1, reason: "left" }], { ended: true });
    expect(chat.thread.events.at(-1)?.type).toBe("left");
    server.last.close();
    await pass(1000);
    expect(server.commands("sign_in").at(-1)?.["positions"]).toEqual({});
  });

  test("that goes on is not dismissed, and one that comes back goes on", async () => {
    const { server, desk, chat } = await chatting();
    desk.dismiss("C1");
    expect(desk.chats.size).toBe(1);
    server.changes("C1", { stage: "over", why: "left" });
    server.changes("C1", { stage: "chatting" });
    expect(chat.over).toBe("");
  });

  test("sends rich messages, data, pages and notices, by id", async () => {
    const { server, chat } = await chatting();
    chat.sendRich({ type: "choice" });
    const done = [chat.attach({ a: "b" }), chat.pushUrl("https://a.test"), chat.notice("hi")];
    await pass(50);
    await Promise.all(done);
    for (const what of ["send_rich", "attach", "push_url", "notice"]) {
      expect(server.commands(what)).toMatchObject([{ chat: "C1" }]);
    }
    expect(chat.pending).toHaveLength(0);
  });

  test("tells that the agent types, without what", async () => {
    const { server, chat } = await chatting();
    chat.typing("secret thoughts");
    await pass(10);
    expect(server.commands("typing")[0]).toEqual({
      chat: "C1",
      do: "typing",
      id: expect.any(String) as string,
      started: true,
    });
  });

  test("shows what the customer types, and when it was accepted nothing of what was sent long ago", async () => {
    const { server, desk, chat } = await chatting();
    server.tell("C1", [], { next: 3, typing: [{ index: 2, at: Date.now(), by: 1, started: true, preview: "I wou" }] });
    expect(chat.thread.typists.map(({ preview }) => preview)).toEqual(["I wou"]);
    server.offer("C2", "chatting");
    const long = Date.now() - 60_000;
    server.tell("C2", [{ index: 1, type: "joined", by: 1, at: long }], {
      typing: [{ index: 2, at: long + 1000, by: 1, started: true, preview: "long ago" }],
    });
    expect(desk.chats.get("C2")?.thread.typists).toEqual([]);
  });
});

describe("what was not read", () => {
  const say = (server: DeskServer, chat: string, index: number) => {
    server.tell(chat, [{ index, type: "message", by: 1, text: `said ${index}` }]);
  };
  const reload = async (server: DeskServer, store: Store) => {
    for (const desk of open.splice(0)) desk.close();
    const desk = client(server, { store });
    await pass(20);
    return desk;
  };

  test("is counted; of what was there before the chat came, the last counts", async () => {
    const { server, desk } = await signedIn();
    server.offer("C1", "chatting");
    const chat = desk.chats.get("C1")!;
    server.tell(
      "C1",
      [1, 2, 3].map((index) => ({ index, type: "message", by: 1, text: "before" })),
    );
    expect(chat.unread).toBe(1);
    await pass(1500);
    say(server, "C1", 4);
    say(server, "C1", 5);
    expect(chat.unread).toBe(3);
    chat.read();
    await pass(20);
    expect(chat.unread).toBe(0);
    expect(server.commands("read")).toMatchObject([{ chat: "C1", position: 6 }]);
    server.tell("C1", [{ index: 7, type: "message", by: 2, text: "own" }]);
    expect(chat.unread).toBe(0);
  });

  test("stays counted over a reload, as do drafts, per chat", async () => {
    const store = memoryStore();
    const { server, chat } = await chatting({ store });
    server.offer("C2", "chatting");
    say(server, "C1", 2);
    chat.read();
    say(server, "C1", 3);
    say(server, "C1", 4);
    chat.draft = "a draft";
    const desk = await reload(server, store);
    server.tell(
      "C1",
      [2, 3, 4].map((index) => ({ index, type: "message", by: 1, text: `said ${index}` })),
    );
    expect([desk.chats.get("C1")?.unread, desk.chats.get("C1")?.draft]).toEqual([2, "a draft"]);
    expect([desk.chats.get("C2")?.unread, desk.chats.get("C2")?.draft]).toEqual([0, ""]);
  });

  test("of a chat that is over is forgotten", async () => {
    const store = memoryStore();
    const { server, chat } = await chatting({ store });
    chat.draft = "never sent";
    server.changes("C1", { stage: "over", why: "ended" });
    expect(store.read()).not.toContain("never sent");
  });
});

describe("polling", () => {
  test("carries a desk too, each request with the newest token and the positions", async () => {
    const server = new DeskServer();
    const desk = client(server, { transport: "polling" });
    desk.signIn("ann", "secret");
    await pass(50);
    expect([desk.phase, desk.transport]).toEqual(["in", "polling"]);
    await pass(30_000);
    const [first, ...others] = server.commands("sign_in");
    expect(first).toMatchObject({ name: "ann", password: "secret" });
    others.forEach(({ password, token }, index) => {
      expect([password, token]).toEqual([undefined, `T${index + 1}`]);
    });
    // The desk is known, so a request waits for another one.
    expect(others.map(({ version }) => version)).toEqual([1, 1]);
    const ready = desk.ready();
    await pass(100);
    await ready;
    expect(desk.status.state).toBe("ready");
  });
});
