// How many wait in an agent's queues, against a scripted server.

import { afterEach, expect, test } from "vitest";
import { AgentDesk } from "../src/index.js";
import { DeskServer } from "./support/desk-server.js";
import { fakeTime, pass } from "./support/time.js";

fakeTime();

const open: AgentDesk[] = [];
afterEach(() => {
  for (const desk of open.splice(0)) desk.close();
});

async function signedIn() {
  const server = new DeskServer();
  const desk = new AgentDesk({ nodes: ["http://one.test"], WebSocket: server.WebSocket, fetch: server.fetch });
  open.push(desk);
  desk.signIn("ann", "secret");
  await pass(20);
  expect(desk.phase).toBe("in");
  return { server, desk };
}

const numbers = (waiting: number, name = "support") => ({
  event: "queues",
  at: Date.now(),
  partial: false,
  queues: [{ name, waiting, waits_since: 5, free_agents: 0, trouble: null }],
});

test("the numbers of queues come while they are watched, over each connection anew", async () => {
  const { server, desk } = await signedIn();
  expect(server.commands("watch_queues")).toEqual([]);
  server.last.send(numbers(1));
  expect(desk.queueNumbers.queues, "nobody watches").toEqual([]);
  desk.queueNumbers.watch();
  desk.queueNumbers.watch();
  await pass(20);
  expect(server.commands("watch_queues")).toMatchObject([{ on: true }]);
  let told = 0;
  desk.subscribe(() => (told += 1));
  server.last.send(numbers(2));
  expect([desk.queueNumbers.queues[0]?.waiting, told]).toEqual([2, 1]);
  server.last.close();
  await pass(5000);
  expect(server.last.commands.filter((command) => command["do"] === "watch_queues")).toMatchObject([{ on: true }]);
  desk.queueNumbers.unwatch();
  await pass(20);
  expect(server.commands("watch_queues").at(-1)).toMatchObject({ on: false });
  expect([desk.queueNumbers.at, desk.queueNumbers.queues]).toEqual([0, []]);
});

test("they are forgotten with the sign-out, and asked for again by whoever signs in", async () => {
  const { server, desk } = await signedIn();
  desk.queueNumbers.watch();
  server.last.send(numbers(3));
  const out = desk.signOut();
  await pass(50);
  await out;
  expect(desk.queueNumbers.queues).toEqual([]);
  desk.signIn("bob", "secret");
  await pass(20);
  expect(server.commands("watch_queues")).toMatchObject([{ on: true }, { on: true }]);
});
