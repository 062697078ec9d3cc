// The way over HTTP, for where sockets are blocked.

import { afterEach, describe, expect, test } from "vitest";
import { CustomerChat, memoryStore, type ClientOptions } from "../src/index.js";
import { ChatServer } from "./support/chat-server.js";
import { fakeTime, pass } from "./support/time.js";

fakeTime();

const open: CustomerChat[] = [];
afterEach(() => {
  for (const chat of open.splice(0)) chat.close();
});

const [ONE, TWO] = ["http://one.test", "http://two.test"] as const;

function client(server: ChatServer, options: Partial<ClientOptions> = {}): CustomerChat {
  const chat = new CustomerChat({ nodes: [ONE], WebSocket: server.WebSocket, fetch: server.fetch, ...options });
  open.push(chat);
  return chat;
}

async function polling(options: Partial<ClientOptions> = {}) {
  const server = new ChatServer();
  server.socketsBlocked = true;
  const chat = client(server, options);
  chat.start({ nickname: "Zoë" });
  await pass(2000);
  expect([chat.connection, chat.transport]).toEqual(["open", "polling"]);
  return { server, chat };
}

const texts = (chat: CustomerChat) =>
  chat.thread.events.filter(({ type }) => type === "message").map(({ text }) => text);
const ways = (server: ChatServer) => server.tries.map((one) => one.split(" ")[0]);

describe("polling", () => {
  test("is turned to after two sockets that never said hello, and the chat goes on as ever", async () => {
    const { server, chat } = await polling();
    expect(ways(server).slice(0, 3)).toEqual(["websocket", "websocket", "polling"]);
    const item = chat.send("hello");
    await pass(50);
    expect([item.state, server.texts, texts(chat)]).toEqual(["sent", ["hello"], ["hello"]]);
    server.happens({ type: "message", by: 2, text: "good morning" });
    await pass(5);
    expect(texts(chat)).toEqual(["hello", "good morning"]);
  });

  test("is not turned to for one node that is down", async () => {
    const server = new ChatServer();
    server.down.add(ONE);
    const chat = client(server, { nodes: [ONE, TWO] });
    chat.start({ nickname: "Zoë" });
    await pass(2000);
    expect(ways(server)).toEqual(["websocket", "websocket"]);
    expect(chat.connection).toBe("open");
  });

  test("begins each request with what resumes, from the newest position", async () => {
    const { server, chat } = await polling();
    chat.send("one");
    await pass(50);
    server.happens({ type: "message", by: 2, text: "two" });
    await pass(50);
    expect(server.connections[0]?.commands[0]).toMatchObject({ do: "start" });
    const later = server.connections.slice(1).map(({ commands }) => commands[0]);
    expect(later.length).toBeGreaterThan(2);
    for (const command of later) expect(command).toMatchObject({ do: "resume", chat: "C1", key: "K1" });
    expect(later.at(-1)?.["position"]).toBe(server.next);
    expect(server.hanging).toBe(1);
  });

  test("hangs 25 s, again and again, without a pause between", async () => {
    const { server } = await polling();
    await pass(3000);
    const before = server.connections.length;
    await pass(100_000);
    expect(server.connections.length - before).toBe(4);
    expect(server.hanging).toBe(1);
  });

  test("does not hammer a server that answers at once", async () => {
    const { server } = await polling();
    server.isOld = () => false;
    server.happens({ type: "message", by: 2, text: "wakes it" });
    await pass(5000);
    const before = server.connections.length;
    await pass(20_000);
    expect(server.connections.length - before).toBeLessThan(15);
  });

  test("sends several commands in one request, while another hangs", async () => {
    const { server, chat } = await polling();
    server.happens({ type: "message", by: 2, text: "hello" });
    await pass(50);
    const before = server.connections.length;
    chat.send("one");
    chat.read();
    await pass(50);
    const both = server.connections.slice(before).find(({ commands }) => commands.length > 2);
    expect(both?.commands.map((command) => command["do"])).toEqual(["resume", "read", "send"]);
  });

  test("turns to another node when its own dies, and loses nothing", async () => {
    const { server, chat } = await polling({ nodes: [ONE, TWO] });
    const node = server.last.node;
    server.down.add(node);
    chat.send("through it");
    await pass(3000);
    expect(server.last.node).not.toBe(node);
    expect([chat.connection, chat.transport]).toEqual(["open", "polling"]);
    expect(server.texts).toEqual(["through it"]);
  });

  test("waits as long as the server asks for", async () => {
    const { server, chat } = await polling();
    server.pollsRefused = { status: 429, retryAfter: "20" };
    chat.send("hello");
    await pass(100);
    const tries = server.tries.length;
    server.pollsRefused = null;
    await pass(19_000);
    expect(server.tries).toHaveLength(tries);
    await pass(5000);
    expect(server.texts).toEqual(["hello"]);
  });

  test("fails what is too large for a request, and nothing else", async () => {
    const { server, chat } = await polling();
    const frame = chat.send("x".repeat(65_400));
    await pass(50);
    expect([frame.state, frame.reason]).toEqual(["failed", "too_long"]);
    server.pollsRefused = { status: 413 };
    const item = chat.send("y".repeat(5000));
    await pass(20);
    server.pollsRefused = null;
    chat.send("small");
    await pass(3000);
    expect([item.state, item.reason]).toEqual(["failed", "too_long"]);
    expect(server.texts).toEqual(["small"]);
  });

  test("ends with the chat", async () => {
    const { server, chat } = await polling();
    chat.leave();
    await pass(100);
    expect(chat.phase).toBe("ended");
    expect(server.hanging).toBe(0);
    const requests = server.connections.length;
    await pass(60_000);
    expect(server.connections).toHaveLength(requests);
  });

  test("is given up where it is answered by something else", async () => {
    const { server, chat } = await polling();
    server.pollsRefused = { status: 404 };
    chat.send("hello");
    await pass(3000);
    expect(chat.connection).toBe("reconnecting");
    expect(ways(server).slice(-3)).toContain("websocket");
  });

  test("alone is used where it is chosen", async () => {
    const server = new ChatServer();
    const chat = client(server, { transport: "polling" });
    chat.start({ nickname: "Zoë" });
    await pass(300_000);
    expect([chat.connection, chat.transport]).toEqual(["open", "polling"]);
    expect(ways(server)).not.toContain("websocket");
  });
});

describe("sockets", () => {
  test("are tried again now and then, and one that works ends the polling", async () => {
    const { server, chat } = await polling();
    await pass(3000);
    const tried = () => ways(server).filter((way) => way === "websocket").length;
    expect(tried(), "at once, as perhaps nothing is blocked").toBe(3);
    await pass(115_000);
    expect(tried()).toBe(3);
    server.socketsBlocked = false;
    await pass(10_000);
    expect([chat.connection, chat.transport]).toEqual(["open", "websocket"]);
    expect(server.hanging).toBe(0);
    chat.send("over the socket");
    await pass(50);
    expect(server.last.way).toBe("websocket");
    expect(texts(chat)).toEqual(["over the socket"]);
  });

  test("take over what the polling had not answered", async () => {
    const { server, chat } = await polling();
    server.instead = (command, connection) =>
      command["do"] === "send" && connection.way === "polling" ? null : undefined;
    server.socketsBlocked = false;
    chat.send("once");
    await pass(130_000);
    expect(chat.transport).toBe("websocket");
    expect(server.texts).toEqual(["once"]);
  });

  test("come first again when the network is another one", async () => {
    const { server, chat } = await polling();
    server.socketsBlocked = false;
    server.down.add(ONE);
    chat.send("later");
    await pass(30_000);
    server.down.clear();
    chat.wake();
    await pass(5000);
    expect([chat.connection, chat.transport]).toEqual(["open", "websocket"]);
    expect(server.texts).toEqual(["later"]);
  });

  test("are not waited for after a reload where polling was what worked", async () => {
    const store = memoryStore();
    const { server, chat } = await polling({ store });
    chat.close();
    server.tries.length = 0;
    const again = client(server, { store });
    await pass(20);
    expect(again.connection).toBe("open");
    expect(ways(server)[0]).toBe("polling");
  });
});
