// How a customer's chat ends, what is left of it, and that the next one has nothing of it.

import { afterEach, expect, test } from "vitest";
import { CustomerChat } from "../src/index.js";
import { ChatServer } from "./support/chat-server.js";
import { fakeTime, pass } from "./support/time.js";

fakeTime();

const open: CustomerChat[] = [];
afterEach(() => {
  for (const chat of open.splice(0)) chat.close();
});

async function started() {
  const server = new ChatServer();
  const chat = new CustomerChat({ nodes: ["http://one.test"], WebSocket: server.WebSocket, fetch: server.fetch });
  open.push(chat);
  chat.start({ nickname: "Zoë" });
  await pass(20);
  expect(chat.phase).toBe("open");
  return { server, chat };
}

const refusal = (code: string) => ({ error: { code, message: code, retry: false } });

test("a message whose answer comes together with the end is sent, for no reason failed", async () => {
  const { server, chat } = await started();
  server.instead = (command, connection) => {
    if (command["do"] !== "send") return undefined;
    connection.send({ answer: command["id"], ok: true, index: server.next, number: 1 });
    server.ended = true;
    server.happens({ type: "message", by: 1, text: command["text"] }, { type: "ended", by: 0 });
    return null;
  };
  const item = chat.send("good bye");
  await pass(20);
  expect([chat.phase, item.state]).toEqual(["ended", "sent"]);
  expect(item).not.toHaveProperty("reason");
  expect(chat.pending).toHaveLength(0);
});

test("whoever waited in line when the chat ended stands in it no more", async () => {
  const { server, chat } = await started();
  server.last.send({ event: "queue", chat: "C1", place: 2, wait_s: 60 });
  expect(chat.queue).toEqual({ place: 2, wait_s: 60 });
  server.ended = true;
  server.happens({ type: "ended", by: 0 });
  expect([chat.phase, chat.queue]).toEqual(["ended", null]);
});

test("a leave that is refused leaves the chat open, and can be asked again", async () => {
  const { server, chat } = await started();
  const phases: string[] = [];
  chat.on("phase", (phase) => phases.push(phase));
  server.instead = ({ do: what }) => (what === "leave" ? refusal("not_allowed") : undefined);
  chat.leave();
  await pass(50);
  expect(phases).toEqual(["leaving", "open"]);
  chat.send("still here");
  server.instead = () => undefined;
  chat.leave();
  await pass(50);
  expect(phases).toEqual(["leaving", "open", "leaving", "ended"]);
  expect(server.texts).toEqual(["still here"]);
});

test("a chat that begins after one that was gone is not gone", async () => {
  const { server, chat } = await started();
  server.instead = ({ do: what }) => (what === "resume" ? refusal("unknown_chat") : undefined);
  server.last.close();
  await pass(2000);
  expect([chat.phase, chat.gone]).toEqual(["ended", true]);
  chat.start({ nickname: "Zoë" });
  await pass(50);
  expect([chat.phase, chat.gone]).toEqual(["open", false]);
});

test("a rating that another chat came in between of lets that chat's connection be", async () => {
  const { server, chat } = await started();
  chat.leave();
  await pass(50);
  server.instead = ({ do: what }) => (what === "rate" ? null : undefined);
  const rated = expect(chat.rate(5)).rejects.toMatchObject({ name: "Lost" });
  await pass(50);
  expect(server.commands("rate")).toHaveLength(1);
  server.ended = false;
  chat.start({ nickname: "Zoë" });
  await rated;
  await pass(50);
  expect([chat.phase, chat.connection]).toEqual(["open", "open"]);
});

test("whoever hears that the start was refused can begin another chat at once", async () => {
  const server = new ChatServer();
  server.instead = ({ service }) => (service === "sales" ? refusal("unknown_service") : undefined);
  const chat = new CustomerChat({ nodes: ["http://one.test"], WebSocket: server.WebSocket, fetch: server.fetch });
  open.push(chat);
  chat.on("refused", () => {
    chat.start({ nickname: "Zoë" });
  });
  chat.start({ nickname: "Zoë", service: "sales" });
  await pass(5000);
  expect([chat.phase, chat.connection, server.connections.length]).toEqual(["open", "open", 2]);
});

test("whoever hears that the chat is over can rate it at once", async () => {
  const { server, chat } = await started();
  const rated: Promise<void>[] = [];
  chat.on("phase", (phase) => {
    if (phase === "ended") rated.push(chat.rate(5));
  });
  chat.leave();
  await pass(500);
  await Promise.all(rated);
  expect(server.commands("rate")).toMatchObject([{ score: 5, number: 2 }]);
  expect(chat.connection).toBe("closed");
});

test("a chat that is gone when something is said in it lets the next one be, begun as soon as that is told", async () => {
  const { server, chat } = await started();
  server.instead = ({ do: what, text }) => (what === "send" && text === "hello?" ? refusal("unknown_chat") : undefined);
  chat.on("phase", (phase) => {
    if (phase === "ended") chat.start({ nickname: "Zoë" });
  });
  const [said, waits] = [chat.send("hello?"), chat.send("anybody?")];
  await pass(5000);
  expect([said.state, waits.state]).toEqual(["failed", "failed"]);
  expect([chat.phase, chat.connection, chat.pending.length]).toEqual(["open", "open", 0]);
});
