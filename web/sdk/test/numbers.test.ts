// The numbers of what a customer sends: which one the next has, whatever was said elsewhere or came late.

import { afterEach, expect, test } from "vitest";
import { CustomerChat, type ClientOptions, type FetchLike } from "../src/index.js";
import { ChatServer } from "./support/chat-server.js";
import { fakeTime, pass } from "./support/time.js";

fakeTime();

const open: CustomerChat[] = [];
afterEach(() => {
  for (const chat of open.splice(0)) chat.close();
});

async function started(server: ChatServer, options: Partial<ClientOptions> = {}) {
  const all = { nodes: ["http://one.test"], WebSocket: server.WebSocket, fetch: server.fetch, ...options };
  const chat = new CustomerChat(all);
  open.push(chat);
  chat.start({ nickname: "Zoë" });
  await pass(50);
  expect(chat.phase).toBe("open");
  return chat;
}

const numbers = (server: ChatServer) => server.commands("send").map(({ number }) => number);

test("an answer that says where the numbers were, and comes late, turns nothing back", async () => {
  const server = new ChatServer();
  // The request that hangs was begun before the message, and is answered after it.
  const slow: FetchLike = async (url, request) => {
    const answer = await server.fetch(url, request);
    if (!String(request.body).endsWith('"wait_ms":0}')) await new Promise((done) => setTimeout(done, 200));
    return answer;
  };
  const chat = await started(server, { transport: "polling", fetch: slow });
  await pass(1000);
  const one = chat.send("one");
  await pass(100);
  expect(one.state).toBe("sent");
  await pass(300);
  chat.send("two");
  await pass(500);
  expect(server.texts).toEqual(["one", "two"]);
  expect(numbers(server)).toEqual([1, 2]);
});

test("the next number is after all that another page of the chat has said, not after this page's own", async () => {
  const server = new ChatServer();
  const chat = await started(server);
  server.instead = (command, connection) => {
    if (command["do"] !== "send") return undefined;
    server.instead = () => undefined;
    server.numbered(command);
    for (const number of [2, 3]) server.numbered({ do: "send", number, text: `the other page's ${number}` });
    connection.close();
    return null;
  };
  chat.send("mine");
  await pass(2000);
  chat.send("mine too");
  await pass(100);
  expect(server.texts).toEqual(["mine", "the other page's 2", "the other page's 3", "mine too"]);
  expect(numbers(server)).toEqual([1, 1, 4]);
});

test("a server that expects the number which it refuses is not asked again and again", async () => {
  const server = new ChatServer();
  const chat = await started(server);
  server.instead = ({ do: what, number }) =>
    what === "send"
      ? { error: { code: "expected", message: "another number", retry: false, expected: number } }
      : undefined;
  const item = chat.send("hello");
  await pass(100);
  expect([item.state, item.reason]).toEqual(["failed", "expected"]);
  expect(numbers(server)).toEqual([1]);
});
