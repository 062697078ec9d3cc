// What a customer's chat goes on with after a reload: what is waiting, and chats that have ended.

import { expect, test } from "vitest";
import { CustomerChat, memoryStore } from "../src/index.js";
import { ChatServer } from "./support/chat-server.js";
import { fakeTime, pass } from "./support/time.js";

fakeTime();

function page() {
  const server = new ChatServer();
  const options = {
    nodes: ["http://one.test"],
    WebSocket: server.WebSocket,
    fetch: server.fetch,
    store: memoryStore(),
  };
  return { server, open: () => new CustomerChat(options) };
}

test("an ended chat is read once more, and its connection let go", async () => {
  const { server, open } = page();
  const before = open();
  before.start({ nickname: "Zoë" });
  await pass(20);
  server.ended = true;
  server.happens({ type: "left", by: 2 });
  await pass(20);
  expect([before.phase, before.connection]).toEqual(["ended", "closed"]);
  const chat = open();
  await pass(20);
  expect(chat.thread.events).toEqual(before.thread.events);
  expect([chat.phase, chat.gone, chat.connection]).toEqual(["ended", false, "closed"]);
});

test("an ended chat of which nothing is left to read is not gone", async () => {
  const { server, open } = page();
  const before = open();
  before.start({ nickname: "Zoë" });
  await pass(20);
  before.close();
  server.instead = ({ do: what }) =>
    what === "resume" ? { error: { code: "ended", message: "over", retry: false } } : undefined;
  const chat = open();
  await pass(20);
  expect([chat.phase, chat.gone]).toEqual(["ended", false]);
});

test("what was sent and not yet seen waits again, without a place in the chat", async () => {
  const { server, open } = page();
  const before = open();
  before.start({ nickname: "Zoë" });
  await pass(20);
  // It is answered; that it is in the chat is not shown before the page goes.
  server.instead = ({ do: what, number }) => (what === "send" ? { index: 9, number } : undefined);
  before.send("hello");
  await pass(20);
  expect(before.pending).toMatchObject([{ state: "sent", index: 9 }]);
  before.close();
  const chat = open();
  expect(chat.pending).toMatchObject([{ state: "waiting" }]);
  expect(chat.pending[0]).not.toHaveProperty("index");
  chat.close();
});
