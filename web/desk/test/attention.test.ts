// What calls for the agent: what is heard, when again, and when there is silence.

import { signal } from "@preact/signals";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Attention, type Call } from "../src/model/attention.js";
import { ConnectionWatch } from "../src/model/connection.js";
import { DEFAULTS, type Settings } from "../src/model/settings.js";
import { passes, signedIn } from "./support/desk-server.js";

beforeEach(() => vi.useFakeTimers({ now: new Date("2026-11-30T14:00:00Z") }));
afterEach(() => vi.useRealTimers());

async function calling(change: Partial<Settings> = {}) {
  const made = await signedIn();
  const heard: string[] = [];
  const notes: Call[] = [];
  const looks = { at: "", speaks: true, shown: true };
  const looking = { sees: (chat: string) => looks.at === chat, speaks: () => looks.speaks, shown: () => looks.shown };
  const callers = { sound: (kind: string) => heard.push(kind), notify: (note: Call) => notes.push(note) };
  const attention = new Attention(made.sdk, signal({ ...DEFAULTS, ...change }), callers, looking);
  return { ...made, heard, notes, looks, attention };
}

const said = { type: "message", by: 1, text: "hello" };

test("an offer sounds, and again until it is answered", async () => {
  const { server, desk, heard } = await calling({ repeat: 5 });
  server.offer("C1");
  await passes(50);
  expect(heard).toEqual(["offer"]);
  await passes(10_000);
  expect(heard).toEqual(["offer", "offer", "offer"]);
  void desk.decline();
  await passes(60_000);
  expect(heard.length).toBe(3);
});

test("a message sounds unless its chat is on screen, and again until it is read", async () => {
  const { server, sdk, heard, looks } = await calling({ repeat: 5 });
  server.chat("C1", said);
  await passes(1500);
  expect(heard).toEqual([]);
  looks.at = "C1";
  server.happens("C1", said);
  await passes(50);
  expect(heard).toEqual([]);
  looks.at = "";
  server.happens("C1", said);
  await passes(5050);
  expect(heard).toEqual(["message", "message"]);
  sdk.chats.get("C1")?.read();
  await passes(60_000);
  expect(heard.length).toBe(2);
});

test("what one says oneself, bots, and what happened before a connection make no sound", async () => {
  const { server, heard } = await calling();
  server.chat("C1", said, said);
  await passes(1500);
  server.happens("C1", { ...said, by: 2 }, { ...said, by: 3 }, { type: "renamed", by: 1, text: "Zoé" });
  await passes(50);
  server.last.close();
  server.happens("C1", said);
  await passes(20_000);
  expect(heard).toEqual([]);
});

test("one window alone makes sounds; never means once", async () => {
  const { server, heard, looks } = await calling({ repeat: 0 });
  server.offer("C1");
  await passes(60_000);
  expect(heard).toEqual(["offer"]);
  looks.speaks = false;
  server.offer("C2");
  await passes(60_000);
  expect(heard).toEqual(["offer"]);
});

test("notifications come where they are wanted and the page is in the background", async () => {
  const { server, notes, looks } = await calling({ notifications: true });
  server.offer("C1", "Mateo");
  await passes(50);
  expect(notes).toEqual([]);
  looks.shown = false;
  server.offer("C2", "Ruiz");
  await passes(50);
  expect(notes).toEqual([{ kind: "offer", chat: "C2", name: "Ruiz", text: "My order" }]);
});

test("a chat that is over by itself sounds, one that the agent left does not", async () => {
  const { server, desk, heard } = await calling();
  server.chat("C1");
  server.chat("C2");
  await passes(50);
  void desk.leave("C1", "keep_alive");
  await passes(50);
  expect(heard).toEqual([]);
  Object.assign(server.work[1]!, { stage: "over", why: "ended" });
  server.desk();
  await passes(50);
  expect(heard).toEqual(["over"]);
});

test("a connection: nothing for three seconds, then that it comes back, after the grace what that means", () => {
  const now = signal(Date.now());
  let grace: number | null = null;
  const watch = new ConnectionWatch(now, () => grace);
  const after = (ms: number) => {
    vi.advanceTimersByTime(ms);
    now.value = Date.now();
    return watch.told.value;
  };
  watch.is("open");
  watch.is("reconnecting");
  expect(after(2900)).toEqual({ is: "well" });
  watch.is("open");
  expect(after(0)).toEqual({ is: "well" });
  watch.is("reconnecting");
  // A clock that is set meanwhile changes nothing.
  vi.setSystemTime(Date.now() - 3_600_000);
  expect(after(3000)).toEqual({ is: "away" });
  watch.is("connecting");
  expect(after(11_900)).toEqual({ is: "away" });
  expect(after(100)).toEqual({ is: "lost" });
  grace = 60_000;
  expect(after(44_900)).toEqual({ is: "away" });
  expect(after(100)).toEqual({ is: "lost" });
  watch.is("open");
  expect(after(0)).toEqual({ is: "back", lostChats: 0 });
  watch.lostChat();
  expect(after(0)).toEqual({ is: "back", lostChats: 1 });
  expect(after(4000)).toEqual({ is: "well" });
});
