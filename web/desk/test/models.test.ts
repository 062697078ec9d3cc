// The smaller models: one's own texts, notes, settings, keys, search, tables, earlier chats, files, windows.

import { signal } from "@preact/signals";
import { Refused, type AgentChat, type UploadFile, type UploadOptions } from "@handoff/sdk";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CannedTexts, filled, insert, slashAt } from "../src/model/canned.js";
import { forgetful } from "../src/model/keeping.js";
import { Notes } from "../src/model/notes.js";
import { search, type Searched } from "../src/model/search.js";
import { DEFAULTS, keptSettings, readSettings } from "../src/model/settings.js";
import { actOf, type Pressed } from "../src/model/shortcuts.js";
import { Table } from "../src/model/supervision.js";
import { Transcript } from "../src/model/transcript.js";
import { Uploads } from "../src/model/uploads.js";
import { Windows, type Channel } from "../src/model/windows.js";
import { loadTexts } from "../src/words/all.js";
import { sayIn } from "../src/words/say.js";

beforeEach(() => vi.useFakeTimers({ now: new Date("2026-11-30T14:00:00Z") }));
afterEach(() => vi.useRealTimers());

describe("one's own texts", () => {
  test("a slash that begins a word calls them, up to the caret", () => {
    expect(slashAt("/he", 3)).toEqual({ from: 0, query: "he" });
    expect(slashAt("well, /", 7)).toEqual({ from: 6, query: "" });
    expect(slashAt("and/or", 6)).toBeNull();
    expect(slashAt("/hello there", 12)).toBeNull();
    expect(insert("so /he now", { from: 3, query: "he" }, "Hello!")).toEqual({ text: "so Hello! now", caret: 9 });
    expect(filled("Hello {name}, I am {agent}. {x}", { name: "Zoë", agent: "Ann" })).toBe("Hello Zoë, I am Ann. {x}");
  });

  test("they are kept, found by name first, and each has a name of its own", () => {
    const storage = forgetful();
    const texts = new CannedTexts(storage);
    expect(texts.put({ id: "1", name: "hello", text: "Hello there" })).toBe("done");
    expect(texts.put({ id: "2", name: "bye now", text: "So long, and hello again" })).toBe("done");
    expect(texts.put({ id: "3", name: "Hello", text: "other" })).toBe("taken");
    expect(texts.put({ id: "3", name: "blank", text: "  " })).toBe("empty");
    expect(texts.find("he").map(({ name }) => name)).toEqual(["hello", "bye-now"]);
    texts.put({ id: "1", name: "hello", text: "Good day" });
    const again = new CannedTexts(storage);
    expect(again.all.value.map(({ text }) => text)).toEqual(["So long, and hello again", "Good day"]);
    texts.remove("1");
    again.again();
    expect(again.all.value.length).toBe(1);
  });
});

test("notes are a contact's and an agent's", () => {
  const storage = forgetful();
  const notes = new Notes(storage, "ann");
  expect([notes.add("K1", " ", "0"), notes.add("K1", " first ", "1"), notes.add("K1", "second", "2")]).toEqual([
    false,
    true,
    true,
  ]);
  notes.add("K2", "other", "3");
  expect(notes.of("K1").map(({ text }) => text)).toEqual(["second", "first"]);
  notes.remove("2");
  expect(new Notes(storage, "ann").of("K1").map(({ text }) => text)).toEqual(["first"]);
  expect(new Notes(storage, "bob").of("K1")).toEqual([]);
});

test("settings are kept, and what is wrong in them is as by default", () => {
  const storage = forgetful();
  keptSettings(storage).value.value = { ...DEFAULTS, volume: 20, shortcuts: false };
  expect(keptSettings(storage).value.value).toEqual({ ...DEFAULTS, volume: 20, shortcuts: false });
  expect(readSettings({ volume: 900, repeat: 7, sounds: { offer: "bell", message: "bang" }, theme: 1 })).toEqual({
    ...DEFAULTS,
    volume: 100,
    sounds: { ...DEFAULTS.sounds, offer: "bell" },
  });
  storage.setItem("handoff-desk-settings", "{");
  expect(keptSettings(storage).value.value).toEqual(DEFAULTS);
});

test("keys work where nobody writes, with Alt everywhere, never while an input method composes, and can be off", () => {
  const plain: Pressed = {
    key: "j",
    code: "KeyJ",
    altKey: false,
    ctrlKey: false,
    metaKey: false,
    composing: false,
    writing: false,
  };
  expect(actOf(plain, true)).toBe("oldest");
  expect(actOf({ ...plain, writing: true }, true)).toBeNull();
  expect(actOf({ ...plain, writing: true, altKey: true, key: "∆" }, true)).toBe("oldest");
  expect(actOf({ ...plain, composing: true }, true)).toBeNull();
  expect(actOf({ ...plain, altKey: true, composing: true }, true)).toBeNull();
  expect(actOf(plain, false)).toBeNull();
  expect(actOf({ ...plain, key: "k", code: "KeyK", ctrlKey: true, writing: true }, true)).toBe("search");
  expect(actOf({ ...plain, ctrlKey: true }, true)).toBeNull();
  expect(actOf({ ...plain, key: "?", code: "Slash" }, true)).toBe("help");
});

test("search finds chats by whatever belongs to them, contacts by name and address, and acts", () => {
  const row = { line: "", mine: false, waitingSince: null, at: null, unread: 0, over: false };
  const contact = {
    id: "K1",
    first_name: "Zoë",
    last_name: "Müller",
    email: "zoe@example.org",
    since: 1,
    verified: true,
  };
  const chats: Searched[] = [
    {
      row: { ...row, id: "C1", name: "Zoë" },
      queue: "support",
      subject: "Shoes",
      data: { order: "4711" },
      history: { contact, records: [], hidden: false },
      said: ["They are too small"],
    },
    { row: { ...row, id: "C2", name: "Ben" }, queue: "sales", subject: "", data: {}, history: null, said: [] },
  ];
  const acts = [{ id: "ready", title: "Become ready" }];
  const found = (query: string) => search(query, chats, acts).map(({ kind, id, hint }) => [kind, id, hint]);
  expect(found("")).toEqual([
    ["chat", "C1", "Shoes"],
    ["chat", "C2", "sales"],
    ["act", "ready", ""],
  ]);
  expect(found("4711")).toEqual([["chat", "C1", "4711"]]);
  expect(found("too SMALL")).toEqual([["chat", "C1", "They are too small"]]);
  expect(found("zoe@")).toEqual([["contact", "C1", "zoe@example.org"]]);
  expect(found("ready")).toEqual([["act", "ready", ""]]);
  expect(found("nothing such")).toEqual([]);
});

test("a table is sorted as it was last, and its rows stay under a pointer until somebody sorts", () => {
  const storage = forgetful();
  const rows = signal([
    { id: "a", n: 3 },
    { id: "b", n: 1 },
    { id: "c", n: null },
  ]);
  const make = () =>
    new Table(
      storage,
      "test",
      { id: (row) => row.id, n: (row) => row.n },
      {
        rows,
        id: (row: { id: string; n: number | null }) => row.id,
        first: { column: "id", down: false },
      },
    );
  const table = make();
  const ids = () => table.rows.value.map(({ id }) => id).join("");
  expect(ids()).toBe("abc");
  table.sort("n");
  expect(ids()).toBe("bac");
  table.held.value = true;
  rows.value = [
    { id: "a", n: 0 },
    { id: "b", n: 9 },
    { id: "d", n: -1 },
  ];
  expect(ids()).toBe("bad");
  table.sort("n");
  expect(ids()).toBe("bad");
  expect(table.rows.value.map(({ n }) => n)).toEqual([9, 0, -1]);
  table.held.value = false;
  expect(make().rows.value.map(({ id }) => id)).toEqual(["b", "a", "d"]);
});

test("an earlier chat comes page by page, and goes on where a page failed", async () => {
  vi.useRealTimers();
  const say = sayIn("en", await loadTexts("en"));
  const asked: (number | undefined)[] = [];
  let fails = true;
  const transcript = new Transcript((from) => {
    asked.push(from);
    if (from === 2 && fails) return Promise.reject(new Error("gone"));
    const at = "2026-01-01T10:00:00.000Z";
    const people = from === undefined ? [{ number: 1, nickname: "Zoë", type: "CLIENT" }] : [];
    const events = [{ eventId: from ?? 1, type: "message", by: 1, text: `page ${from ?? 1}`, at }];
    return Promise.resolve({ record: { participants: people, events }, next: from === undefined ? 2 : null });
  }, say);
  const read = () => expect.poll(() => transcript.reading.value);
  await read().toBe("more");
  await transcript.more();
  await read().toBe("failed");
  fails = false;
  await transcript.more();
  await read().toBe("whole");
  await transcript.more();
  expect(asked).toEqual([undefined, 2, 2]);
  const said = transcript.entries.value.map((entry) => (entry.kind === "said" ? [entry.author.name, entry.text] : []));
  expect(said).toEqual([
    ["Zoë", "page 1"],
    ["Zoë", "page 2"],
  ]);
});

describe("files", () => {
  const file = (name: string) => new File(["x"], name);

  /** A chat whose uploads end as the test says. */
  function uploading() {
    const sent: { name: string; options: UploadOptions; end: (result: string) => void }[] = [];
    const upload = ({ name }: UploadFile, options: UploadOptions) =>
      new Promise((done, fail) => {
        const end = (result: string) =>
          result === "shown" || result === "held"
            ? done({ held: result === "held" })
            : fail(new Refused({ code: result }));
        sent.push({ name, options, end });
      });
    const chat = { id: "C1", files: { upload } } as unknown as AgentChat;
    return { uploads: new Uploads(), chat, sent };
  }

  test("go one after the other, tell how far they are, and go away when they are shown", async () => {
    vi.useRealTimers();
    const { uploads, chat, sent } = uploading();
    const done = uploads.send(chat, [file("a"), file("b")]);
    expect(sent.map(({ name }) => name)).toEqual(["a"]);
    sent[0]?.options.progress?.(0.5);
    expect(uploads.all.value.map(({ part }) => part)).toEqual([0.5, 0]);
    sent[0]?.end("shown");
    await expect.poll(() => sent.length).toBe(2);
    sent[1]?.end("held");
    await done;
    expect(uploads.all.value).toMatchObject([{ state: "held" }]);
  });

  test("say why they failed, and can be tried again where that helps", async () => {
    vi.useRealTimers();
    const { uploads, chat, sent } = uploading();
    const done = uploads.send(chat, [file("a"), file("b")]);
    sent[0]?.end("file_type");
    await expect.poll(() => sent.length).toBe(2);
    sent[1]?.end("error");
    await done;
    const [first, second] = uploads.all.value;
    expect([Uploads.canRetry(first!), Uploads.canRetry(second!)]).toEqual([false, true]);
    void uploads.again(chat, second!);
    await expect.poll(() => sent.length).toBe(3);
    expect(sent[2]?.name).toBe("b");
  });

  test("are stopped when they are taken away, or do not begin at all", async () => {
    vi.useRealTimers();
    const { uploads, chat, sent } = uploading();
    const done = uploads.send(chat, [file("a"), file("b")]);
    uploads.clear();
    expect(sent.map(({ options }) => options.signal?.aborted)).toEqual([true]);
    sent[0]?.end("cancelled");
    await done;
    expect([sent.length, uploads.all.value]).toEqual([1, []]);
  });
});

describe("windows", () => {
  /** Channels that hear each other. */
  function channels() {
    const listeners: { of: Channel; listener: (event: { readonly data: unknown }) => void }[] = [];
    return (): Channel => {
      const channel: Channel = {
        postMessage: (data) =>
          listeners.filter(({ of }) => of !== channel).forEach(({ listener }) => listener({ data })),
        addEventListener: (_type, listener) => void listeners.push({ of: channel, listener }),
        close: () => undefined,
      };
      return channel;
    };
  }

  test("a new one goes on without the password, where another is signed in", async () => {
    const channel = channels();
    const first = new Windows(channel(), "1");
    const second = new Windows(channel(), "2");
    const alone = second.ask();
    await vi.advanceTimersByTimeAsync(400);
    expect(await alone).toBeNull();
    first.transfer = () => ({ name: "ann", token: "T1" });
    expect(await second.ask()).toEqual({ name: "ann", token: "T1" });
  });

  test("what is on screen in one counts in all, until it looks elsewhere or is gone", () => {
    const channel = channels();
    const first = new Windows(channel(), "1");
    const second = new Windows(channel(), "2");
    first.looksAt("C1");
    expect([first.sees("C1"), second.sees("C1"), second.sees("C2")]).toEqual([true, true, false]);
    first.looksAt("C2");
    expect([second.sees("C1"), second.sees("C2")]).toEqual([false, true]);
    vi.setSystemTime(Date.now() - 3_600_000);
    vi.advanceTimersByTime(30_000);
    expect(second.sees("C2")).toBe(false);
  });
});
