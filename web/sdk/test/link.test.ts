// The connection, as both clients have it: which node, when it is given up, and when it is tried again.

import { afterEach, describe, expect, test, vi } from "vitest";
import { CustomerChat, memoryStore, type ClientOptions } from "../src/index.js";
import { ChatServer } from "./support/chat-server.js";
import { fakeTime, pass } from "./support/time.js";

fakeTime();

const open: CustomerChat[] = [];
afterEach(() => {
  for (const chat of open.splice(0)) chat.close();
});

const [ONE, TWO, THREE] = ["http://one.test", "http://two.test", "http://three.test"] as const;

function client(server: ChatServer, options: Partial<ClientOptions> = {}): CustomerChat {
  const chat = new CustomerChat({ nodes: [ONE], WebSocket: server.WebSocket, fetch: server.fetch, ...options });
  open.push(chat);
  return chat;
}

async function started(options: Partial<ClientOptions> = {}) {
  const server = new ChatServer();
  const chat = client(server, options);
  chat.start({ nickname: "Zoë" });
  await pass(20);
  expect(chat.connection).toBe("open");
  return { server, chat };
}

describe("a connection", () => {
  test("is given up when nothing is heard, though it looks open", async () => {
    const { server, chat } = await started();
    await pass(60_000);
    expect(server.connections).toHaveLength(1);
    server.last.beats = false;
    await pass(5000);
    expect(server.connections).toHaveLength(1);
    await pass(3000);
    expect(server.connections).toHaveLength(2);
    expect(chat.connection).toBe("open");
    expect(server.commands("resume")).toHaveLength(1);
  });

  test("that says no hello is given up after 4 s", async () => {
    const server = new ChatServer();
    const hello = vi.spyOn(server, "hello").mockImplementationOnce(() => undefined);
    const chat = client(server);
    chat.start({ nickname: "Zoë" });
    await pass(3900);
    expect(server.connections).toHaveLength(1);
    await pass(1000);
    expect(hello).toHaveBeenCalledTimes(2);
    expect(chat.connection).toBe("open");
  });

  test("on which a command is not answered is given up after 15 s, and the command repeated", async () => {
    const { server, chat } = await started();
    server.instead = (command) => (command["do"] === "send" ? null : undefined);
    chat.send("hello");
    await pass(14_000);
    server.instead = () => undefined;
    expect(server.connections).toHaveLength(1);
    await pass(2000);
    expect(server.texts).toEqual(["hello"]);
    expect(new Set(server.commands("send").map(({ id }) => id)).size).toBe(1);
  });

  test("is led elsewhere by a node that drains, and resumes from its position", async () => {
    const { server, chat } = await started();
    server.happens({ type: "message", by: 2, text: "hello" });
    server.last.send({ event: "moved", nodes: [TWO] });
    await pass(2000);
    expect(server.tries).toEqual([`websocket ${ONE}`, `websocket ${TWO}`]);
    expect(server.commands("resume")[0]).toMatchObject({ chat: "C1", key: "K1", position: server.next });
    server.happens({ type: "message", by: 2, text: "still here" });
    expect(chat.thread.events.map(({ text }) => text).slice(1)).toEqual(["hello", "still here"]);
  });

  test("comes back after a random part of a time that doubles from 250 ms to 8 s", async () => {
    const { server } = await started();
    server.down.add(ONE);
    const at: number[] = [];
    const before = server.tries.length;
    server.last.close();
    let known = before;
    for (let ms = 0; ms < 60_000; ms += 5) {
      await pass(5);
      if (server.tries.length > known) at.push(ms);
      known = server.tries.length;
    }
    const gaps = at.map((ms, index) => ms - (at[index - 1] ?? 0)).slice(0, 9);
    // Half of each, as chance is here, and a few for the try itself.
    const expected = [125, 250, 500, 1000, 2000, 4000, 4000, 4000, 4000];
    gaps.forEach((gap, index) => {
      expect(Math.abs(gap - (expected[index] ?? 0))).toBeLessThan(30);
    });
    expect(gaps).toHaveLength(9);
  });

  test("that the server ended to be left in peace comes back later", async () => {
    const { server } = await started();
    server.last.close(1013);
    await pass(900);
    expect(server.connections).toHaveLength(1);
    await pass(300);
    expect(server.connections).toHaveLength(2);
  });

  test("does not wait when the page is shown or the network is back", async () => {
    const { server, chat } = await started();
    server.down.add(ONE);
    server.last.close();
    await pass(20_000);
    server.down.clear();
    const tries = server.tries.length;
    chat.wake();
    expect(server.tries).toHaveLength(tries + 1);
    await pass(20);
    expect(chat.connection).toBe("open");
  });

  test("that was woken is tried once, not again by the timer that it did not wait for", async () => {
    const { server, chat } = await started();
    server.down.add(ONE);
    server.last.close();
    await pass(20_000);
    server.down.clear();
    const tries = server.tries.length;
    chat.wake();
    await pass(20_000);
    expect(server.tries).toHaveLength(tries + 1);
  });

  test("that was woken begins with a socket, whatever failed before", async () => {
    const { server, chat } = await started();
    server.down.add(ONE);
    server.last.close();
    while (server.tries.length < 3) await pass(5);
    await pass(5);
    // The next would be a poll.
    chat.wake();
    expect(server.tries.slice(1)).toEqual([`websocket ${ONE}`, `websocket ${ONE}`, `websocket ${ONE}`]);
  });

  test("that died while timers slept is given up as soon as the page is shown", async () => {
    const { server, chat } = await started();
    vi.setSystemTime(Date.now() + 60_000);
    chat.wake();
    expect(server.tries).toHaveLength(2);
    await pass(20);
    expect(chat.connection).toBe("open");
  });

  test("says how it is", async () => {
    const server = new ChatServer();
    const chat = client(server);
    const states: string[] = [];
    chat.on("connection", (state) => states.push(state));
    chat.start({ nickname: "Zoë" });
    await pass(20);
    server.last.close();
    await pass(1000);
    chat.close();
    expect(states).toEqual(["connecting", "open", "reconnecting", "open", "closed"]);
    chat.open();
    await pass(20);
    expect(chat.connection).toBe("open");
  });

  test("whose loss is told stays closed where a listener closes it", async () => {
    const { server, chat } = await started();
    chat.on("connection", (state) => {
      if (state === "reconnecting") chat.close();
    });
    server.last.close();
    await pass(20_000);
    expect([chat.connection, server.tries.length, vi.getTimerCount()]).toEqual(["closed", 1, 0]);
  });

  test("that a listener closes as soon as it is begun is none", async () => {
    const server = new ChatServer();
    const chat = client(server);
    chat.on("connection", (state) => {
      if (state === "connecting") chat.close();
    });
    chat.start({ nickname: "Zoë" });
    await pass(20_000);
    expect([chat.connection, server.connections.length, vi.getTimerCount()]).toEqual(["closed", 0, 0]);
  });

  test("on which the start was too large is not tried again, unless another chat is begun", async () => {
    const server = new ChatServer();
    server.bytesMax = 2000;
    const chat = client(server);
    chat.start({ nickname: "Zoë", subject: "x".repeat(3000) });
    await pass(20_000);
    expect([chat.phase, chat.refused, chat.connection]).toEqual(["idle", "too_long", "closed"]);
    expect([server.tries.length, vi.getTimerCount()]).toEqual([1, 0]);
    // At once, by whoever hears that it was refused.
    const again = client(server);
    again.on("refused", () => {
      again.start({ nickname: "Zoë" });
    });
    again.start({ nickname: "Zoë", subject: "x".repeat(3000) });
    await pass(20_000);
    expect([again.phase, again.connection, server.tries.length]).toEqual(["open", "open", 3]);
  });

  test("on which not even the resume is small enough is tried once at a time", async () => {
    const { server, chat } = await started();
    server.bytesMax = 60;
    server.last.close();
    // After 125 ms, 250 ms and so on; no second clock runs beside.
    await pass(3500);
    expect([chat.connection, server.tries.length]).toEqual(["reconnecting", 5]);
  });

  test("leaves no timer behind when it is closed", async () => {
    const { server, chat } = await started();
    server.types(3);
    chat.typing("hello");
    await pass(1000);
    chat.close();
    await pass(20);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("takes no notice of what it does not know", async () => {
    const { server, chat } = await started();
    for (const frame of [{}, { event: "news" }, { answer: "nobody's", ok: true }, { answer: null, ok: false }]) {
      server.last.send(frame);
    }
    await pass(20);
    expect(chat.connection).toBe("open");
    expect(server.connections).toHaveLength(1);
  });
});

describe("the nodes", () => {
  test("are learned from the hello, and another one is turned to when one is lost", async () => {
    const server = new ChatServer();
    server.nodes = [ONE, TWO, THREE];
    const chat = client(server);
    chat.start({ nickname: "Zoë" });
    await pass(20);
    expect(chat.nodes).toEqual([ONE, TWO, THREE]);
    server.down.add(ONE).add(TWO);
    server.last.close();
    await pass(2000);
    expect(server.tries).toEqual([`websocket ${ONE}`, `websocket ${TWO}`, `websocket ${THREE}`]);
    expect(chat.connection).toBe("open");
  });

  test("that were given stay the fallback", async () => {
    const server = new ChatServer();
    server.nodes = [TWO];
    const chat = client(server);
    chat.start({ nickname: "Zoë" });
    await pass(20);
    server.nodes = [];
    server.down.add(TWO);
    server.last.close();
    await pass(2000);
    expect(server.tries.slice(1)).toEqual([`websocket ${TWO}`, `websocket ${ONE}`]);
    expect(chat.nodes).toEqual([ONE]);
  });

  test("are known after a reload, the one in use first", async () => {
    const store = memoryStore();
    const server = new ChatServer();
    server.nodes = [ONE, TWO];
    const before = client(server, { store });
    before.start({ nickname: "Zoë" });
    await pass(20);
    server.down.add(ONE);
    server.last.close();
    await pass(2000);
    before.close();
    server.tries.length = 0;
    client(server, { store });
    await pass(20);
    expect(server.tries).toEqual([`websocket ${TWO}`]);
  });

  test("that may not be asked from an encrypted page are not", async () => {
    const server = new ChatServer();
    server.nodes = ["http://127.0.0.1:8080", "https://two.test/"];
    const chat = client(server, { nodes: ["https://one.test/"] });
    chat.start({ nickname: "Zoë" });
    await pass(20);
    expect(chat.nodes).toEqual(["https://one.test", "https://two.test"]);
  });

  test("must be addresses, and at least one", () => {
    const server = new ChatServer();
    for (const nodes of [[], ["one.test"], ["ws://one.test"]]) {
      expect(() => client(server, { nodes })).toThrow("begin with http:// or https://");
    }
  });
});

describe("the engine", () => {
  test("that has no random numbers is told what to give instead", async () => {
    const server = new ChatServer();
    vi.stubGlobal("crypto", undefined);
    try {
      expect(() => client(server)).toThrow("getRandomValues");
      const chat = client(server, {
        getRandomValues: (bytes) => bytes.fill(7),
      });
      chat.start({ nickname: "Zoë" });
      await pass(20);
      expect(server.commands("start")[0]?.["client_id"]).toBe("07".repeat(16));
    } finally {
      vi.unstubAllGlobals();
    }
  });

  test("that has neither sockets nor requests is told what to give", () => {
    vi.stubGlobal("WebSocket", undefined);
    vi.stubGlobal("fetch", undefined);
    try {
      expect(() => new CustomerChat({ nodes: [ONE] })).toThrow("option `WebSocket`");
      expect(() => new CustomerChat({ nodes: [ONE], transport: "polling" })).toThrow("option `fetch`");
    } finally {
      vi.unstubAllGlobals();
    }
  });

  test("that forbids a socket is asked over HTTP instead", async () => {
    const server = new ChatServer();
    const chat = client(server, {
      WebSocket: class {
        constructor() {
          throw new DOMException("insecure");
        }
        send() {
          throw new Error("never open");
        }
        close() {
          throw new Error("never open");
        }
        addEventListener() {
          throw new Error("never open");
        }
      },
    });
    chat.start({ nickname: "Zoë" });
    await pass(2000);
    expect([chat.connection, chat.transport]).toEqual(["open", "polling"]);
  });
});
