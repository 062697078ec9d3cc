// To whom an agent writes: nothing written to agents alone ever stands where the customer is written to.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Modes } from "../src/model/modes.js";
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
      row.kind === "message" ? [[row.entry.text, row.entry.internal ?? false, row.entry.state?.at] as const] : [],
    );
  return { ...made, chat, modes: made.desk.modes, said };
}

test("each mode has a draft of its own, and sends to its own", async () => {
  const { server, chat, modes, said } = await open();
  modes.write(chat, "One moment");
  modes.choose(chat, "agents");
  expect(modes.draft(chat)).toBe("");
  modes.write(chat, "She is angry");
  modes.choose(chat, "customer");
  expect(modes.draft(chat)).toBe("One moment");
  modes.choose(chat, "agents");
  modes.send(chat, modes.draft(chat));
  await passes(50);
  expect(modes.of(chat), "it stays while one writes").toBe("agents");
  modes.choose(chat, "customer");
  modes.send(chat, modes.draft(chat));
  await passes(50);
  const sent = server.commands("send");
  expect(sent.map(({ text, internal }) => [text, internal])).toEqual([
    ["She is angry", true],
    ["One moment", undefined],
  ]);
  expect(said()).toEqual([
    ["She is angry", true, "sent"],
    ["One moment", false, "sent"],
  ]);
  expect([chat.draft, chat.internalDraft]).toEqual(["", ""]);
});

test("what was written to agents alone is there after a reload, and the field with it", async () => {
  const { chat } = await open();
  chat.internalDraft = "She is angry";
  const modes = new Modes();
  expect(modes.of(chat)).toBe("agents");
  modes.write(chat, "");
  expect(modes.of(chat), "whoever empties the field still writes to agents").toBe("agents");
  chat.internalDraft = "She is angry";
  chat.draft = "One moment";
  expect(new Modes().of(chat)).toBe("customer");
});

test("who begins to write to agents no longer types for the customer", async () => {
  const { server, chat, modes } = await open();
  chat.typing("One mo");
  await passes(50);
  modes.choose(chat, "agents");
  await passes(50);
  const typing = server.commands("typing").map(({ started }) => started);
  expect(typing).toEqual([true, false]);
});

test("it is no answer to the customer, not the chat's last word, and never seen by them", async () => {
  const { server, desk, chat, said } = await open();
  server.happens("C1", { type: "message", by: 1, text: "hello?" });
  await passes(50);
  const { waitingSince } = desk.conversation(chat);
  expect(waitingSince).not.toBeNull();
  chat.sendInternal("Who knows her?");
  await passes(50);
  server.happens("C1", { type: "read", by: 1, through: 99 });
  await passes(50);
  expect(said().at(-1)).toEqual(["Who knows her?", true, "sent"]);
  server.happens(
    "C1",
    { type: "message", by: 2, text: "Nobody?", internal: true },
    { type: "read", by: 1, through: 100 },
  );
  await passes(50);
  expect(said().at(-1)).toEqual(["Nobody?", true, "sent"]);
  expect(desk.conversation(chat).waitingSince).toBe(waitingSince);
  expect(desk.conversation(chat).lastWord?.text).toBe("hello?");
});

test("the same words of another window to agents are not those that wait for the customer", async () => {
  const { server, chat, said } = await open();
  server.instead = ({ do: what }) => (what === "send" ? null : undefined);
  chat.send("same");
  await passes(50);
  server.happens("C1", { type: "message", by: 2, text: "same", internal: true });
  await passes(50);
  expect(said()).toEqual([
    ["same", true, "sent"],
    ["same", false, "waiting"],
  ]);
});

test("while it waits, and when it is refused, it stands there as what it is", async () => {
  const { server, chat, said } = await open();
  server.instead = ({ do: what, internal }) =>
    what === "send" && internal ? { error: { code: "too_long", message: "no", retry: false } } : undefined;
  chat.send("same");
  chat.sendInternal("same");
  expect(said().map(([text, internal]) => [text, internal])).toEqual([
    ["same", false],
    ["same", true],
  ]);
  await passes(50);
  expect(said()).toEqual([
    ["same", false, "sent"],
    ["same", true, "failed"],
  ]);
});
