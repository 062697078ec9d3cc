// Clocks that are set, machines that sleep, pages whose timers hardly run: the connection, and what counts seconds.

import { afterEach, describe, expect, test, vi } from "vitest";
import { AgentDesk, CustomerChat } from "../src/index.js";
import { ChatServer } from "./support/chat-server.js";
import { DeskServer } from "./support/desk-server.js";
import { fakeTime, pass } from "./support/time.js";

fakeTime();

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

const open: { close(): void }[] = [];
afterEach(() => {
  for (const client of open.splice(0)) client.close();
});

async function started() {
  const server = new ChatServer();
  const chat = new CustomerChat({ nodes: ["http://one.test"], WebSocket: server.WebSocket, fetch: server.fetch });
  open.push(chat);
  chat.start({ nickname: "Zoë" });
  await pass(2000);
  expect(chat.connection).toBe("open");
  return { server, chat };
}

/** The clock on the wall is another one; no time passes. */
const setClock = (byMs: number) => vi.setSystemTime(Date.now() + byMs);

describe.each([
  ["back", -HOUR_MS],
  ["ahead", HOUR_MS],
])("a clock that is set %s by an hour", (_, byMs) => {
  test("leaves a chat as it is, and a dead connection is given up after 6 s as ever", async () => {
    const { server, chat } = await started();
    await pass(100);
    setClock(byMs);
    await pass(600);
    chat.send("one");
    await pass(MINUTE_MS);
    const known = server.connections.length;
    // One that is set ahead looks like a machine that slept: it connects anew, once.
    expect(known).toBe(byMs > 0 ? 2 : 1);
    server.last.beats = false;
    setClock(Math.min(0, byMs));
    await pass(3900);
    expect(server.connections).toHaveLength(known);
    await pass(4000);
    expect(server.connections).toHaveLength(known + 1);
    chat.send("two");
    await pass(100);
    expect([chat.connection, server.texts]).toEqual(["open", ["one", "two"]]);
  });

  test("lets the own typing be told, and the others' end", async () => {
    const { server, chat } = await started();
    chat.typing("H");
    server.types(3);
    await pass(10);
    setClock(byMs);
    await pass(700);
    chat.typing("He");
    await pass(1000);
    expect(server.commands("typing").map(({ preview }) => preview)).toEqual(["H", "He"]);
    expect(chat.thread.typists).toHaveLength(1);
    await pass(15_000);
    expect(chat.thread.typists).toEqual([]);
  });

  test("does not change how long an offer rings", async () => {
    const server = new DeskServer();
    const desk = new AgentDesk({ nodes: ["http://one.test"], WebSocket: server.WebSocket, fetch: server.fetch });
    open.push(desk);
    desk.signIn("ann", "secret");
    await pass(20);
    server.offer("C1");
    await pass(1000);
    setClock(byMs);
    const offer = desk.offers.get("C1")!;
    expect([offer.leftMs, offer.endsAt - Date.now()]).toEqual([19_000, 19_000]);
    await pass(19_000);
    expect(offer.leftMs).toBe(0);
  });
});

test.each([HOUR_MS, -HOUR_MS, 1000])("a server's clock that is %s ms ahead is known to an agent", async (aheadMs) => {
  const server = new DeskServer();
  const desk = new AgentDesk({ nodes: ["http://one.test"], WebSocket: server.WebSocket, fetch: server.fetch });
  open.push(desk);
  desk.signIn("ann", "secret");
  await pass(20);
  expect(desk.now).toBe(Date.now());
  server.last.send({ event: "queues", at: Date.now() + aheadMs, partial: false, queues: [] });
  await pass(20);
  // A clock that is about right is right enough: nothing jumps.
  expect(desk.now).toBe(Date.now() + (aheadMs === 1000 ? 0 : aheadMs));
});

test("how far the clock here is off is known to a customer, once something happened meanwhile", async () => {
  const { server, chat } = await started();
  expect(chat.thread.clockBehind).toBe(0);
  server.aheadMs = -HOUR_MS;
  server.happens({ type: "message", by: 2, text: "hello" });
  expect(chat.thread.clockBehind).toBe(-HOUR_MS);
});

test("a machine that slept gives up what died meanwhile, though its timers stood still", async () => {
  const { server, chat } = await started();
  server.last.beats = false;
  setClock(10 * MINUTE_MS);
  server.down.add("http://one.test");
  await pass(600);
  expect(chat.connection).toBe("reconnecting");
  server.down.clear();
  await pass(2000);
  expect(chat.connection).toBe("open");
});

describe("a page whose intervals run once a minute", () => {
  /** As browsers have it for pages that were hidden for a while. */
  const hides = () => {
    const { setInterval } = globalThis;
    vi.spyOn(globalThis, "setInterval").mockImplementation(((then: () => void, ms: number) =>
      // The server's beats are not of the page.
      setInterval(then, ms < 1000 ? MINUTE_MS : ms)) as typeof setInterval);
  };

  test("keeps a connection that is well", async () => {
    hides();
    const { server } = await started();
    await pass(10 * MINUTE_MS);
    expect(server.connections).toHaveLength(1);
  });

  test("gives up one that is silent, within seconds", async () => {
    hides();
    const { server, chat } = await started();
    server.last.beats = false;
    await pass(8000);
    expect(server.connections).toHaveLength(2);
    expect(chat.connection).toBe("open");
  });

  test("gives up a try that nobody answers, within seconds", async () => {
    hides();
    const server = new ChatServer();
    vi.spyOn(server, "hello").mockImplementationOnce(() => undefined);
    const chat = new CustomerChat({ nodes: ["http://one.test"], WebSocket: server.WebSocket, fetch: server.fetch });
    open.push(chat);
    chat.start({ nickname: "Zoë" });
    await pass(5000);
    expect(chat.connection).toBe("open");
  });
});
