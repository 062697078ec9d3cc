// The promise itself, over many random courses of events: what is sent arrives once, in order, and what is refused holds up
// nothing. Each course follows from its seed, which a failure names.

import { expect, test } from "vitest";
import { CustomerChat, memoryStore } from "../src/index.js";
import { ChatServer } from "./support/chat-server.js";
import { fakeTime, pass } from "./support/time.js";

fakeTime();

const NODES = ["http://one.test", "http://two.test"];
const refused = { error: { code: "bad_text", message: "not this one", retry: false } };
const later = { error: { code: "slow_down", message: "not now", retry: true, retry_ms: 200 } };

/** Numbers from 0 up to `below` that follow from a seed (mulberry32). */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** A server on which answers are lost before or after the command is carried out, and some texts are never taken. */
function unreliable(upTo: (below: number) => number): { server: ChatServer; calm: () => void } {
  const server = new ChatServer();
  let wild = true;
  server.instead = (command, connection) => {
    if (command["do"] !== "send") return undefined;
    if (String(command["text"]).startsWith("bad")) return refused;
    const fate = wild ? upTo(8) : 7;
    if (fate === 0) return later;
    // Its answer is lost with the connection: after it was carried out, or before.
    if (fate === 1) server.answer(command);
    if (fate <= 2) connection.close();
    return fate <= 2 ? null : undefined;
  };
  return { server, calm: () => void (wild = false) };
}

async function course(seed: number): Promise<void> {
  const upTo = chance(seed);
  const { server, calm } = unreliable(upTo);
  const options = { nodes: NODES, WebSocket: server.WebSocket, fetch: server.fetch, store: memoryStore() };
  let chat = new CustomerChat(options);
  chat.start({ nickname: "Zoë" });
  await pass(20);
  const wanted: string[] = [];
  const steps = [
    () => {
      const bad = upTo(4) === 0;
      chat.send(`${bad ? "bad" : "good"} ${wanted.length}`);
      if (!bad) wanted.push(`good ${wanted.length}`);
    },
    () => server.last.close(),
    () => void server.down.add(NODES[upTo(2)] ?? ""),
    () => server.down.clear(),
    () => chat.wake(),
    () => server.happens({ type: "message", by: 2, text: "other" }),
    () => server.last.send({ event: "moved", nodes: NODES }),
    () => {
      // A reload.
      chat.close();
      chat = new CustomerChat(options);
    },
  ];
  for (let at = 0; at < 40; at += 1) {
    steps[upTo(2) === 0 ? 0 : upTo(steps.length)]?.();
    await pass(upTo(300));
  }
  calm();
  server.down.clear();
  await pass(60_000);
  expect(server.texts, `seed ${seed}`).toEqual(wanted);
  const seen = chat.thread.events.filter(({ type, by }) => type === "message" && by === 1).map(({ text }) => text);
  expect(seen, `seed ${seed}`).toEqual(wanted);
  expect(
    chat.pending.every(({ state, reason }) => state === "failed" && reason === "bad_text"),
    `seed ${seed}`,
  ).toBe(true);
  chat.close();
}

test("what is sent arrives once and in order, whatever happens", { timeout: 60_000 }, async () => {
  for (let seed = 1; seed <= 60; seed += 1) await course(seed);
});
