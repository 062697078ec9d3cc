// What is read out of a chat: entries, and where one's own messages are.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { passes, signedIn } from "./support/desk-server.js";

beforeEach(() => vi.useFakeTimers({ now: new Date("2026-11-30T14:00:00Z") }));
afterEach(() => vi.useRealTimers());

async function open() {
  const made = await signedIn();
  made.server.chat("C1");
  await passes(1500);
  made.desk.select("C1");
  const chat = made.sdk.chats.get("C1")!;
  const said = () =>
    made.desk.log.value.flatMap((row) =>
      row.kind === "message" ? [[row.entry.text, row.entry.state?.at, row.key] as const] : [],
    );
  const lines = () => made.desk.log.value.flatMap((row) => (row.kind === "line" ? row.entry.text : []));
  return { ...made, chat, said, lines };
}

test("a message keeps its row from the first stroke on: waiting, sent, seen", async () => {
  const { server, chat, said } = await open();
  server.instead = ({ do: what }) => (what === "send" ? null : undefined);
  chat.send("hello");
  await passes(50);
  const [, , key] = said()[0]!;
  expect(said()).toEqual([["hello", "waiting", key]]);
  server.instead = () => undefined;
  server.last.close();
  await passes(5000);
  expect(said()).toEqual([["hello", "sent", key]]);
  server.happens("C1", { type: "read", by: 1, through: 3 });
  await passes(50);
  expect(said()[0]?.[1]).toBe("seen");
});

test("a message that comes before its answer stands there once; the same words of another window stand beside it", async () => {
  const { server, chat, said } = await open();
  server.instead = ({ do: what }) => (what === "send" ? null : undefined);
  chat.send("hello");
  await passes(50);
  const [, , key] = said()[0]!;
  server.happens("C1", { type: "message", by: 2, text: "hello" });
  await passes(50);
  expect(said()).toEqual([["hello", "sent", key]]);
  server.happens("C1", { type: "message", by: 2, text: "hello" });
  await passes(50);
  expect(said().map(([text]) => text)).toEqual(["hello", "hello"]);
  expect(new Set(said().map(([, , other]) => other)).size).toBe(2);
});

test("one that is refused says why, and what comes after it is sent", async () => {
  const { server, chat, desk } = await open();
  server.instead = ({ do: what, text }) =>
    what === "send" && text === "late" ? { error: { code: "window_closed", message: "no", retry: false } } : undefined;
  chat.send("late");
  chat.send("next");
  await passes(100);
  const states = desk.log.value.flatMap((row) => (row.kind === "message" ? [row.entry.state] : []));
  expect(states).toEqual([
    { at: "sent" },
    { at: "failed", reason: "Not sent: the customer can’t be answered until they write again" },
  ]);
  chat.discard(chat.pending[0]!);
  await passes(10);
  expect(desk.log.value.filter(({ kind }) => kind === "message").length).toBe(1);
});

test("what happened is told in words; what is for programs is not, and what is unknown is shown by its text", async () => {
  const { server, lines } = await open();
  server.happens(
    "C1",
    { type: "custom_notice", by: 1, text: "for programs" },
    { type: "cheered", by: 1, text: "hooray" },
    { type: "unheard_of", by: 1 },
    { type: "renamed", by: 1, text: "Zoé" },
    { type: "delivery", by: 0, of: 1, state: "sent" },
    { type: "delivery", by: 0, of: 1, state: "failed", reason: "blocked" },
    { type: "left", by: 1, reason: "inactive" },
  );
  await passes(50);
  expect(lines().map((line) => line.replace(/[\u2068\u2069]/g, ""))).toEqual([
    "Zoë is here now",
    "You joined",
    "hooray",
    "The name is Zoé now",
    "A message did not reach the customer: blocked",
    "Zoé’s connection is gone",
  ]);
});

test("a chat of 10,000 messages takes one more without looking at all of them again", async () => {
  const { server, desk } = await open();
  const many = Array.from({ length: 10_000 }, (_, n) => ({ type: "message", by: (n % 2) + 1, text: `Said ${n}.` }));
  server.happens("C1", ...many);
  await passes(50);
  const before = desk.log.value;
  expect(before.length).toBe(10_002);
  server.happens("C1", { type: "message", by: 1, text: "one more" });
  await passes(50);
  const after = desk.log.value;
  expect(after.length).toBe(10_003);
  const entry = (rows: typeof before) => (rows[5000]?.kind === "message" ? rows[5000].entry : null);
  expect(entry(after)).toBe(entry(before));
});
