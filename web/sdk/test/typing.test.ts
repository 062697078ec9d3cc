// Typing, both ways: what is told of the own, and what is shown of the others'.

import { afterEach, describe, expect, test } from "vitest";
import { CustomerChat, memoryStore, type ClientOptions } from "../src/index.js";
import { ChatServer } from "./support/chat-server.js";
import { fakeTime, pass } from "./support/time.js";

fakeTime();

const open: CustomerChat[] = [];
afterEach(() => {
  for (const chat of open.splice(0)) chat.close();
});

function client(server: ChatServer, options: Partial<ClientOptions> = {}): CustomerChat {
  const chat = new CustomerChat({ nodes: ["http://one.test"], WebSocket: server.WebSocket, ...options });
  open.push(chat);
  return chat;
}

/** A chat that has been open for a while. */
async function started(options: Partial<ClientOptions> = {}, aheadMs = 0) {
  const server = new ChatServer();
  server.aheadMs = aheadMs;
  const chat = client(server, options);
  chat.start({ nickname: "Zoë" });
  await pass(2000);
  return { server, chat };
}

const typists = (chat: CustomerChat) => chat.thread.typists.map(({ by }) => by.nickname);
const told = (server: ChatServer) =>
  server.commands("typing").map(({ started, preview }) => (started ? preview : null));

describe("the own typing", () => {
  test("is told as it grows, now and then, and taken back when the field is emptied", async () => {
    const { server, chat } = await started();
    for (const text of ["H", "He", "Hel", "Hell"]) {
      chat.typing(text);
      await pass(100);
    }
    expect(told(server)).toEqual(["H"]);
    await pass(1000);
    expect(told(server)).toEqual(["H", "Hell"]);
    chat.typing("");
    await pass(10);
    expect(told(server)).toEqual(["H", "Hell", null]);
  });

  test("ends when nothing more is typed, and with the message, which says so itself", async () => {
    const { server, chat } = await started();
    chat.typing("Hello");
    await pass(6000);
    expect(told(server)).toEqual(["Hello", null]);
    chat.typing("Hello again");
    await pass(100);
    chat.send("Hello again");
    await pass(6000);
    expect(told(server)).toEqual(["Hello", null, "Hello again"]);
  });

  test("is cut at a whole character, as people see it", async () => {
    const { server, chat } = await started();
    const family = "👩‍👩‍👧‍👦";
    chat.typing("x".repeat(495) + family + "y");
    await pass(10);
    expect(told(server)).toEqual(["x".repeat(495)]);
    const { Segmenter } = Intl;
    try {
      // An engine without it.
      Reflect.set(Intl, "Segmenter", undefined);
      chat.typing("x".repeat(499) + "💶");
      await pass(1000);
    } finally {
      Reflect.set(Intl, "Segmenter", Segmenter);
    }
    expect(told(server).at(-1)).toBe("x".repeat(499));
  });
});

describe("the others' typing", () => {
  test("is shown until they say something, take it back, or leave", async () => {
    const { server, chat } = await started();
    const ends = [
      () => {
        server.happens({ type: "message", by: 3, text: "hello" });
      },
      () => {
        server.types(3, false);
      },
      () => {
        server.happens({ type: "left", by: 3, reason: "left" });
      },
    ];
    for (const end of ends) {
      server.types(3);
      expect(typists(chat)).toEqual(["Ann"]);
      end();
      expect(typists(chat)).toEqual([]);
    }
  });

  test("goes on while they read", async () => {
    const { server, chat } = await started();
    server.types(3);
    server.happens({ type: "read", by: 3, through: 1 });
    expect(typists(chat)).toEqual(["Ann"]);
  });

  test("ends after 15 s in which nobody said it again, and that is told", async () => {
    const { server, chat } = await started();
    server.types(3);
    await pass(10_000);
    server.types(3);
    const heard: number[] = [];
    chat.on("typing", (now) => heard.push(now.length));
    await pass(14_900);
    expect(typists(chat)).toEqual(["Ann"]);
    await pass(200);
    expect(typists(chat)).toEqual([]);
    expect(heard).toEqual([0]);
  });

  test("never is the own", async () => {
    const { server, chat } = await started();
    server.types(1);
    expect(typists(chat)).toEqual([]);
  });

  test("does not come back by what was said before it ended", async () => {
    const { server, chat } = await started();
    const typing = server.types(3);
    server.happens({ type: "message", by: 3, text: "hello" });
    const { next } = server;
    // As two requests of a poll may cross.
    server.last.send({ event: "chat", chat: "C1", next, ended: false, events: [], typing: [typing] });
    expect(typists(chat)).toEqual([]);
  });
});

describe("what comes first on a connection", () => {
  /** Ann typed `typedAgoMs` before somebody comes who has this store, or none. */
  const comes = async (typedAgoMs: number, known: boolean, aheadMs = 0) => {
    const store = memoryStore();
    const { server, chat } = await started({ store }, aheadMs);
    server.happens({ type: "joined", by: 3 });
    if (known) await pass(10);
    server.typing = [server.types(3)];
    chat.close();
    await pass(typedAgoMs);
    const other = client(server, known ? { store } : {});
    if (!known) other.resume({ chat: "C1", key: "K1" });
    await pass(50);
    expect(other.connection).toBe("open");
    return { server, other };
  };

  test.each([0, 3_600_000, -3_600_000])(
    "shows who typed a moment ago, and not who typed a minute ago, with a server's clock %s ms ahead",
    async (aheadMs) => {
      expect(typists((await comes(3000, true, aheadMs)).other)).toEqual(["Ann"]);
      expect(typists((await comes(60_000, true, aheadMs)).other)).toEqual([]);
    },
  );

  test("ends at its own 15 s, not at 15 s from then", async () => {
    const { other } = await comes(10_000, true);
    expect(typists(other)).toEqual(["Ann"]);
    await pass(5200);
    expect(typists(other)).toEqual([]);
  });

  test("shows nobody typing where nothing tells how long ago that was, until it is said again", async () => {
    const { server, other } = await comes(60_000, false);
    expect(typists(other)).toEqual([]);
    await pass(1500);
    server.types(3);
    expect(typists(other)).toEqual(["Ann"]);
  });

  test("goes on to show who typed before a short loss", async () => {
    const { server, chat } = await started();
    server.happens({ type: "joined", by: 3 });
    await pass(10);
    server.typing = [server.types(3)];
    server.last.close();
    await pass(1000);
    expect(typists(chat)).toEqual(["Ann"]);
  });

  test("is told by the clock as it is, when the clock here was set", async () => {
    const { server, chat } = await started();
    server.happens({ type: "joined", by: 3 });
    // The clock here goes on by an hour; what is heard live shows that.
    server.aheadMs -= 3_600_000;
    await pass(1500);
    server.happens({ type: "message", by: 3, text: "hello" });
    server.typing = [server.types(3)];
    server.last.close();
    await pass(1000);
    expect(typists(chat)).toEqual(["Ann"]);
  });
});
