// The customer's chat against a scripted server: what it says over its connection, and what it knows of the chat.

import { afterEach, describe, expect, test } from "vitest";
import { CustomerChat, memoryStore, type ClientOptions, type Store } from "../src/index.js";
import { ChatServer } from "./support/chat-server.js";
import { fakeTime, pass } from "./support/time.js";

fakeTime();

const open: CustomerChat[] = [];
afterEach(() => {
  for (const chat of open.splice(0)) chat.close();
});

const NODE = "http://one.test";

function client(server: ChatServer, options: Partial<ClientOptions> = {}): CustomerChat {
  const chat = new CustomerChat({ nodes: [NODE], WebSocket: server.WebSocket, fetch: server.fetch, ...options });
  open.push(chat);
  return chat;
}

async function started(options: Partial<ClientOptions> = {}) {
  const server = new ChatServer();
  const chat = client(server, options);
  chat.start({ nickname: "Zoë" });
  await pass(20);
  expect(chat.phase).toBe("open");
  return { server, chat };
}

const texts = (chat: CustomerChat) =>
  chat.thread.events.filter(({ type }) => type === "message").map(({ text }) => text);
const refusal = (code: string, more = {}) => ({ error: { code, message: code, retry: false, ...more } });

describe("a chat", () => {
  test("begins with the form, and is open when the server has begun it", async () => {
    const server = new ChatServer();
    const chat = client(server);
    expect(chat.phase).toBe("idle");
    const phases: string[] = [];
    chat.on("phase", (phase) => phases.push(phase));
    chat.start({ nickname: "Zoë", subject: "My order", user_data: { order: "42" } });
    await pass(20);
    expect(phases).toEqual(["starting", "open"]);
    expect(chat.key).toEqual({ chat: "C1", key: "K1" });
    expect(server.commands("start")[0]).toMatchObject({
      nickname: "Zoë",
      subject: "My order",
      user_data: { order: "42" },
    });
    expect(chat.thread.events).toHaveLength(1);
  });

  test("whose start lost its answer is started with the same id again", async () => {
    const server = new ChatServer();
    server.instead = (command, connection) => {
      if (command["do"] !== "start" || server.connections.length > 1) return undefined;
      connection.close();
      return null;
    };
    const chat = client(server);
    chat.start({ nickname: "Zoë" });
    await pass(2000);
    const [first, second] = server.commands("start").map((command) => String(command["client_id"]));
    expect(first).toMatch(/^[0-9a-f]{32}$/);
    expect(second).toBe(first);
    expect(chat.phase).toBe("open");
  });

  test("whose start is refused says why and is back at the form", async () => {
    const server = new ChatServer();
    server.instead = () => refusal("unknown_service");
    const chat = client(server);
    const refused: string[] = [];
    chat.on("refused", ({ code }) => refused.push(code));
    chat.start({ nickname: "Zoë" });
    await pass(20);
    expect([chat.phase, chat.refused, chat.connection, refused]).toEqual([
      "idle",
      "unknown_service",
      "closed",
      ["unknown_service"],
    ]);
  });

  test("waits as long as a limited start is told to", async () => {
    const server = new ChatServer();
    server.instead = () =>
      server.connections.length > 1 ? undefined : refusal("limited", { retry: true, retry_ms: 30_000 });
    const chat = client(server);
    chat.start({ nickname: "Zoë" });
    await pass(29_000);
    expect(server.connections).toHaveLength(1);
    await pass(2000);
    expect(chat.phase).toBe("open");
  });

  test("goes on with a chat that was begun elsewhere", async () => {
    const { server } = await started();
    const other = client(server);
    other.resume({ chat: "C1", key: "K1" });
    await pass(20);
    expect(server.commands("resume")[0]).toMatchObject({ chat: "C1", key: "K1", position: 1 });
    expect(other.thread.events).toHaveLength(1);
  });

  test("that is there no more says so instead of trying for ever", async () => {
    const { server, chat } = await started();
    server.instead = (command) => (command["do"] === "resume" ? refusal("unknown_chat") : undefined);
    server.last.close();
    await pass(2000);
    expect([chat.phase, chat.gone, chat.connection]).toEqual(["ended", true, "closed"]);
  });

  test("is left after what was sent before, and a new one can begin", async () => {
    const { server, chat } = await started();
    chat.send("good bye");
    chat.leave();
    expect(chat.phase).toBe("leaving");
    await pass(50);
    const numbered = server.connections.flatMap(({ commands }) => commands).filter((one) => "number" in one);
    expect(numbered.map((one) => `${String(one["do"])} ${String(one["number"])}`)).toEqual(["send 1", "leave 2"]);
    expect([chat.phase, chat.gone, chat.connection]).toEqual(["ended", false, "closed"]);
    chat.reset();
    expect([chat.phase, chat.key, chat.thread.events.length, chat.pending.length]).toEqual(["idle", null, 0, 0]);
  });

  test("refuses to be talked in before it is begun", () => {
    const chat = client(new ChatServer());
    expect(() => chat.send("hello")).toThrow("start or resume one");
  });

  test("tells what changed, until nobody listens", async () => {
    const { server, chat } = await started();
    let changes = 0;
    const events: (string | null)[] = [];
    const stop = [chat.subscribe(() => (changes += 1)), chat.on("event", ({ text }) => events.push(text))];
    server.happens({ type: "message", by: 2, text: "hello" });
    expect(changes).toBeGreaterThan(0);
    expect(events).toEqual(["hello"]);
    for (const one of stop) one();
    changes = 0;
    server.happens({ type: "message", by: 2, text: "again" });
    expect([changes, events.length]).toEqual([0, 1]);
  });
});

describe("a message", () => {
  test("waits until the server has it, and is sent again with its number after a loss", async () => {
    const { server, chat } = await started();
    server.instead = (command) => (command["do"] === "send" ? null : undefined);
    const [one, two] = [chat.send("one"), chat.send("two")];
    await pass(20);
    expect([one.state, two.state, chat.pending.length]).toEqual(["waiting", "waiting", 2]);
    expect(server.commands("send")).toHaveLength(1);
    server.instead = () => undefined;
    server.last.close();
    await pass(2000);
    expect(server.texts).toEqual(["one", "two"]);
    expect(server.commands("send").map(({ number, text }) => `${String(number)} ${String(text)}`)).toEqual([
      "1 one",
      "1 one",
      "2 two",
    ]);
    expect([one.state, two.state, chat.pending.length]).toEqual(["sent", "sent", 0]);
    expect(texts(chat)).toEqual(["one", "two"]);
  });

  test("whose answer was lost is not sent twice", async () => {
    const { server, chat } = await started();
    server.instead = (command, connection) => {
      if (command["do"] !== "send" || server.connections.length > 1) return undefined;
      server.numbered(command);
      connection.close();
      return null;
    };
    chat.send("only once");
    await pass(2000);
    expect(server.texts).toEqual(["only once"]);
    expect(texts(chat)).toEqual(["only once"]);
    expect(chat.pending).toHaveLength(0);
  });

  test("that is refused is kept to be mended, and the next one takes its number", async () => {
    const { server, chat } = await started();
    server.instead = (command) =>
      String(command["text"]).length > 5 && command["do"] === "send"
        ? refusal("too_long", { bytes_max: 5 })
        : undefined;
    const long = chat.send("much too long");
    chat.send("short");
    await pass(50);
    expect([long.state, long.reason]).toEqual(["failed", "too_long"]);
    expect(server.texts).toEqual(["short"]);
    expect(server.commands("send").at(-1)?.["number"]).toBe(1);
    expect(chat.textBytesMax).toBe(5);
    // What is known to be too long is not asked again.
    const again = chat.send("longer");
    await pass(50);
    expect([again.state, again.reason, server.commands("send").length]).toEqual(["failed", "too_long", 2]);
    chat.resend(long, "mend");
    chat.discard(again);
    await pass(50);
    expect(server.texts).toEqual(["short", "mend"]);
    expect(chat.pending).toHaveLength(0);
  });

  test("that is refused does not keep the customer from leaving", async () => {
    const { server, chat } = await started();
    server.instead = (command) => (command["do"] === "send" ? refusal("full", { events_max: 10 }) : undefined);
    chat.send("one too many");
    chat.leave();
    await pass(50);
    expect(chat.phase).toBe("ended");
  });

  test("is repeated where the server is busy", async () => {
    const { server, chat } = await started();
    let tries = 0;
    server.instead = (command) =>
      command["do"] === "send" && (tries += 1) < 3 ? refusal("busy", { retry: true }) : undefined;
    chat.send("hello");
    await pass(3000);
    expect(server.texts).toEqual(["hello"]);
    expect(new Set(server.commands("send").map(({ id }) => id)).size).toBe(1);
  });

  test("takes another number where a second page of the same chat has used its own", async () => {
    const { server, chat } = await started();
    server.numbered({ do: "send", number: 1, text: "the other page's" });
    server.instead = (command) => (command["number"] === 1 ? refusal("id_in_use") : undefined);
    chat.send("mine");
    await pass(50);
    expect(server.commands("send").map(({ number }) => number)).toEqual([1, 2]);
    expect(server.texts).toEqual(["the other page's", "mine"]);
  });

  test("that is larger than a frame may be fails at once and blocks nothing", async () => {
    const { server, chat } = await started();
    const large = chat.send("💶".repeat(20_000));
    chat.send("small");
    await pass(50);
    expect([large.state, large.reason]).toEqual(["failed", "too_long"]);
    expect(server.texts).toEqual(["small"]);
    expect(server.connections).toHaveLength(1);
  });

  test("for which the server closes the connection fails, and those after it go", async () => {
    const { server, chat } = await started();
    server.bytesMax = 5000;
    const large = chat.send("x".repeat(6000));
    chat.send("small");
    await pass(2000);
    expect([large.state, large.reason]).toEqual(["failed", "too_long"]);
    expect(server.texts).toEqual(["small"]);
    expect(server.connections).toHaveLength(2);
    // It is known from then on.
    const other = chat.send("y".repeat(6000));
    await pass(50);
    expect([other.state, server.connections.length]).toEqual(["failed", 2]);
  });

  test("is sent with whole characters", async () => {
    const { server, chat } = await started();
    chat.send("half \ud83d of one");
    await pass(50);
    expect(server.texts).toEqual(["half \ufffd of one"]);
  });

  test("that waits when the chat ends has failed", async () => {
    const { server, chat } = await started();
    server.instead = (command) => (command["do"] === "send" ? null : undefined);
    const item = chat.send("too late");
    await pass(20);
    server.ended = true;
    server.happens({ type: "ended", by: 0 });
    await pass(20);
    expect([chat.phase, item.state, item.reason]).toEqual(["ended", "failed", "ended"]);
  });

  test("of a chat that was left alone does not come in the next one", async () => {
    const { server, chat } = await started();
    server.instead = (command) => (command["do"] === "send" ? null : undefined);
    chat.send("of the first");
    await pass(20);
    chat.start({ nickname: "Zoë" });
    server.instead = () => undefined;
    await pass(5000);
    expect(chat.phase).toBe("open");
    expect(server.texts).toEqual([]);
    expect(chat.pending).toHaveLength(0);
  });
});

describe("after a reload", () => {
  const reload = async (server: ChatServer, store: Store) => {
    for (const chat of open.splice(0)) chat.close();
    const chat = client(server, { store });
    await pass(50);
    return chat;
  };

  test("the same chat goes on, with what was not sent yet", async () => {
    const store = memoryStore();
    const { server, chat: before } = await started({ store });
    before.send("before");
    await pass(50);
    server.instead = (command) => (command["do"] === "send" ? null : undefined);
    before.send("during");
    await pass(50);
    server.instead = () => undefined;
    const chat = await reload(server, store);
    expect(server.commands("resume")[0]?.["position"]).toBe(1);
    expect(server.commands("send").map(({ number }) => number)).toEqual([1, 2, 2]);
    const [, second, third] = server.commands("send");
    expect(third?.["run"]).toBe(second?.["run"]);
    expect(texts(chat)).toEqual(["before", "during"]);
    expect(chat.pending).toHaveLength(0);
  });

  test("what failed is still there to be mended", async () => {
    const store = memoryStore();
    const { server, chat: before } = await started({ store });
    server.instead = (command) => (command["do"] === "send" ? refusal("too_long") : undefined);
    before.send("too long");
    await pass(50);
    const chat = await reload(server, store);
    expect(chat.pending.map(({ state, reason }) => [state, reason])).toEqual([["failed", "too_long"]]);
  });

  test("a chat that has ended is shown as it was", async () => {
    const store = memoryStore();
    const { server, chat: before } = await started({ store });
    before.leave();
    await pass(50);
    const chat = await reload(server, store);
    expect([chat.phase, chat.gone, chat.thread.events.length]).toEqual(["ended", false, 2]);
  });

  test("what was read stays read", async () => {
    const store = memoryStore();
    const { server, chat: before } = await started({ store });
    server.happens({ type: "message", by: 2, text: "one" });
    before.read();
    server.happens({ type: "message", by: 2, text: "two" });
    expect(before.unread).toBe(1);
    expect((await reload(server, store)).unread).toBe(1);
  });

  test("a store that holds something else counts as empty", async () => {
    const store = memoryStore();
    for (const text of ["{", "[]", '{"format":"handoff-agent-1"}', "null"]) {
      store.write(text);
      expect(client(new ChatServer(), { store }).phase).toBe("idle");
    }
    await pass(10);
  });
});

describe("other commands", () => {
  test("are carried out in order with the messages, and say how they went", async () => {
    const { server, chat } = await started();
    chat.send("hello");
    const done = [
      chat.attach({ order: "42" }),
      chat.rename("Zoe"),
      chat.notice("seen", "app"),
      chat.pushUrl("https://a.test"),
    ];
    await pass(50);
    await Promise.all(done);
    const numbered = server.connections.flatMap(({ commands }) => commands).filter((one) => "number" in one);
    expect(numbered.map((one) => `${String(one["number"])} ${String(one["do"])}`)).toEqual([
      "1 send",
      "2 attach",
      "3 rename",
      "4 notice",
      "5 push_url",
    ]);
    expect(chat.thread.participant(1)?.nickname).toBe("Zoe");
    expect(chat.pending).toHaveLength(0);
  });

  test("reject with the refusal", async () => {
    const { server, chat } = await started();
    server.instead = (command) => (command["do"] === "rename" ? refusal("not_allowed") : undefined);
    const renamed = expect(chat.rename("admin")).rejects.toMatchObject({ name: "Refused", code: "not_allowed" });
    await pass(50);
    await renamed;
    expect(chat.pending).toHaveLength(0);
  });

  test("a rich message is answered by its index", async () => {
    const { server, chat } = await started();
    server.happens({ type: "rich", by: 2, content: { type: "choice" }, text: "Which?" });
    const index = chat.thread.events.at(-1)?.index ?? 0;
    chat.reply(index, { type: "choice", option: "a" });
    await pass(50);
    expect(server.commands("reply")[0]).toMatchObject({
      to: index,
      content: { type: "choice", option: "a" },
      number: 1,
    });
    expect(chat.pending).toHaveLength(0);
  });
});

describe("reading", () => {
  test("is told once, of what others said, and again after a loss", async () => {
    const { server, chat } = await started();
    server.happens({ type: "message", by: 2, text: "hello" });
    const position = server.next;
    expect(chat.unread).toBe(1);
    server.instead = (command) => (command["do"] === "read" ? null : undefined);
    chat.read();
    chat.read();
    await pass(20);
    server.instead = () => undefined;
    server.last.close();
    await pass(2000);
    expect(server.commands("read").map((command) => command["position"])).toEqual([position, position]);
    // That it was read is an event itself, which is nothing to read.
    server.happens({ type: "read", by: 1, through: position - 1 });
    chat.read();
    await pass(20);
    expect(server.commands("read")).toHaveLength(2);
    expect(chat.unread).toBe(0);
  });

  test("of the others shows how far own messages were seen", async () => {
    const { server, chat } = await started();
    chat.send("one");
    await pass(20);
    chat.send("two");
    await pass(20);
    const own = () =>
      chat.thread.events.filter(({ type }) => type === "message").map((event) => chat.thread.isSeen(event));
    expect(own()).toEqual([false, false]);
    server.happens({ type: "read", by: 3, through: chat.thread.events[1]?.index });
    expect(own()).toEqual([true, false]);
    server.happens({ type: "read", by: 1, through: chat.thread.events[2]?.index });
    expect(own()).toEqual([true, false]);
  });
});

describe("the line and the end", () => {
  const place = (server: ChatServer, place: number | null) =>
    server.connections.at(-1)?.send({ event: "queue", chat: "C1", place, wait_s: place === null ? null : 60 });

  test("where one stands in line is told, until one waits no longer", async () => {
    const { server, chat } = await started();
    expect(chat.queue).toBeNull();
    place(server, 2);
    await pass(20);
    expect(chat.queue).toEqual({ place: 2, wait_s: 60 });
    place(server, null);
    await pass(20);
    expect(chat.queue).toBeNull();
  });

  test("a chat that has ended is rated over a connection for that alone, with the next number", async () => {
    const { server, chat } = await started();
    await expect(chat.rate(5)).rejects.toMatchObject({ code: "not_ended" });
    chat.leave();
    await pass(50);
    expect([chat.phase, chat.connection]).toEqual(["ended", "closed"]);
    const rated = chat.rate(4, "Quick and kind.");
    await pass(500);
    await rated;
    expect(server.commands("rate").at(-1)).toMatchObject({ number: 2, score: 4, text: "Quick and kind." });
    expect([chat.phase, chat.connection]).toEqual(["ended", "closed"]);
  });

  test("a refusal of the rating is told", async () => {
    const { server, chat } = await started();
    chat.leave();
    await pass(50);
    server.instead = (command) => (command["do"] === "rate" ? refusal("rated") : undefined);
    const rated = expect(chat.rate(1)).rejects.toMatchObject({ code: "rated" });
    await pass(500);
    await rated;
    expect(chat.connection).toBe("closed");
  });
});
