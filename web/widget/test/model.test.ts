// What the widget knows and says, without a page: services, forms, entries, waits, transcripts, connections.

import { signal } from "@preact/signals-core";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LANGUAGES, loadCatalogue, sayer } from "@handoff/ui";
import type { ChatEvent, Participant } from "@handoff/sdk";
import { NO_CHAT, type ChatState, type Connection } from "../src/chat/state.js";
import { nodeOf, readConfig } from "../src/config.js";
import { WORDS, wordsOf } from "../src/loader/words.js";
import { watchConnection } from "../src/model/connection.js";
import { entries } from "../src/model/entries.js";
import { asked, CONSENT, isAsked, problems, refusedField, startForm } from "../src/model/form.js";
import { identityData, identityValues } from "../src/model/identity.js";
import { DEFAULT_SERVICE, fetchService, readService } from "../src/model/service.js";
import { forgetful, kept } from "../src/model/settings.js";
import { transcript } from "../src/model/transcript.js";
import { placeWords, waitWords } from "../src/model/waiting.js";

const say = sayer("en", await loadCatalogue("en"));
const AT = new Date("2026-11-18T14:05:00").getTime();
const speaking = { say, language: "en", now: AT + 60_000 };
const bare = (text: string) => text.replace(/[\u2066-\u2069]/g, "");

const PEOPLE: Participant[] = [
  { number: 1, role: "customer", nickname: "Leonie", user_id: "1", me: true },
  { number: 2, role: "bot", nickname: "Robin", user_id: "2", me: false },
  { number: 3, role: "agent", nickname: "\u202eAnn", user_id: "3", me: false },
];

let index = 0;
function event(type: string, by: number, more: object = {}): ChatEvent {
  index += 1;
  return { index, at: AT, by, type, text: null, message_type: null, reason: null, ...more } as unknown as ChatEvent;
}

function chat(events: ChatEvent[], more: Partial<ChatState> = {}): ChatState {
  return { ...NO_CHAT, phase: "open", connection: "open", participants: PEOPLE, events, ...more };
}

const words = (state: ChatState) =>
  entries(state, speaking).map((entry) =>
    entry.kind === "said" ? `${entry.author.name}: ${entry.text}` : bare(entry.text),
  );

describe("the configuration", () => {
  test("what the page says goes before the tag, and the script's node comes first", () => {
    const config = readConfig(
      { service: "sales", nodes: ["https://b.example/"] },
      { service: "x", theme: "dark" },
      "https://a.example",
    );
    expect(config).toMatchObject({ service: "sales", theme: "dark", position: "end", launcher: true });
    expect(config.nodes).toEqual(["https://a.example", "https://b.example"]);
    expect(
      readConfig({}, { nodes: "javascript:x, https://c.example", launcher: "off" }, "https://a.example"),
    ).toMatchObject({
      nodes: ["https://a.example", "https://c.example"],
      launcher: false,
      service: "default",
    });
  });

  test("the node is where the loader came from, under whichever of its addresses", () => {
    expect(nodeOf("https://a.example/widget.js")).toBe("https://a.example");
    expect(nodeOf("https://a.example/chat/widget/loader.0123456789.js?v=1")).toBe("https://a.example/chat");
  });

  test("the loader's few words are those of the catalogues", async () => {
    expect(Object.keys(WORDS).sort()).toEqual([...LANGUAGES].sort());
    for (const language of LANGUAGES) {
      const catalogue = await loadCatalogue(language);
      expect(WORDS[language]).toEqual([catalogue.openChat, catalogue.formFailed]);
    }
    expect(wordsOf(["xx", "de-AT"])[0]).toBe("de");
  });
});

describe("a service", () => {
  const SAID = {
    title: { en: "Sales", de: "Verkauf" },
    form: [
      { key: "nickname", kind: "text", label: {}, required: true, autocomplete: "name", choices: [] },
      {
        key: "topic",
        kind: "choice",
        label: { "*": "Topic" },
        required: false,
        autocomplete: null,
        choices: [{ value: "new", label: { en: "New" } }],
      },
    ],
    consent: { text: { "*": "I agree." }, url: "https://www.example.com/privacy" },
    privacy: {},
    open: true,
    rating: true,
    wait_s: 60,
  };

  test("is read in the visitor's language, else as it is for all, else in any", () => {
    const service = readService(SAID, "de");
    expect(service).toMatchObject({ title: "Verkauf", consent: "I agree.", privacy: "", rating: true, waitS: 60 });
    expect(service.form[1]).toEqual({
      key: "topic",
      kind: "choice",
      label: "Topic",
      required: false,
      autocomplete: "",
      choices: [{ id: "new", title: "New" }],
    });
  });

  test("of which nothing fits is as one that asks for a name", () => {
    expect(readService(null, "en")).toEqual(DEFAULT_SERVICE);
    expect(readService({ form: "no", open: null, consent: { url: "javascript:x" } }, "en")).toEqual(DEFAULT_SERVICE);
  });

  test("is asked of one node after the other", async () => {
    const tried: string[] = [];
    const ask = (url: unknown) => {
      tried.push(String(url));
      if (tried.length === 1) return Promise.reject(new Error("down"));
      return Promise.resolve(new Response(JSON.stringify(SAID)));
    };
    expect((await fetchService(["https://a", "https://b"], "a b", "en", ask as typeof fetch))?.title).toBe("Sales");
    expect(tried).toEqual(["https://a/v1/services/a%20b", "https://b/v1/services/a%20b"]);
    const none = () => Promise.resolve(new Response("", { status: 404 }));
    expect(await fetchService(["https://a"], "x", "en", none as typeof fetch)).toBe(DEFAULT_SERVICE);
    const down = () => Promise.reject(new Error("down"));
    expect(await fetchService(["https://a"], "x", "en", down as typeof fetch)).toBeNull();
  });
});

describe("the form", () => {
  const service = { ...DEFAULT_SERVICE, consent: "I agree." };

  test("says what is wrong at each field", () => {
    expect(problems(service, { nickname: "\u200b\u3164", email: "nobody" })).toEqual({
      nickname: "needed",
      email: "emailWrong",
      [CONSENT]: "consentNeeded",
    });
    expect(problems(service, { nickname: "Ann", email: "ann@example.org", [CONSENT]: "true" })).toEqual({});
  });

  test("asks for an address and a message when nobody is there", () => {
    const closed = { ...DEFAULT_SERVICE, open: false };
    expect(asked(closed).map(({ key, required }) => [key, required])).toEqual([
      ["nickname", true],
      ["email", true],
      ["text", true],
    ]);
    expect(problems(closed, { nickname: "Ann" })).toEqual({ email: "needed", text: "needed" });
  });

  test("gives the start its own fields, and all others as attached data", () => {
    const topic = { key: "topic", kind: "text", label: "", required: false, autocomplete: "", choices: [] } as const;
    const form = { ...service, form: [...service.form, topic] };
    const values = { nickname: " Ann ", topic: "new", [CONSENT]: "true", email: "" };
    expect(startForm("sales", form, values, { page: "/" })).toEqual({
      service: "sales",
      nickname: "Ann",
      consent: true,
      user_data: { page: "/", topic: "new" },
    });
    expect(startForm("sales", DEFAULT_SERVICE, { nickname: "Ann" }, {})).toEqual({ service: "sales", nickname: "Ann" });
  });

  test("what the server refuses is said at its field", () => {
    expect(refusedField("missing_field", "user_data.topic")).toEqual({ topic: "needed" });
    expect(refusedField("bad_field", "email")).toEqual({ email: "emailWrong" });
    expect(refusedField("bad_field", "user_data.order")).toEqual({ order: "fieldWrong" });
    expect(refusedField("no_consent", "")).toEqual({ [CONSENT]: "consentNeeded" });
    expect(refusedField("busy", "")).toBeNull();
  });

  test("what the form does not show can't be mended there", () => {
    expect(["nickname", CONSENT, "page"].map((key) => isAsked(service, key))).toEqual([true, true, false]);
    expect(isAsked(DEFAULT_SERVICE, CONSENT)).toBe(false);
  });

  test("a visitor whom the website vouches for is attached, not written into the form's proof", () => {
    expect(identityData({ token: "j.w.t", name: "Ann" })).toEqual({ Handoff_Identity: "j.w.t" });
    expect(identityData({ id: "42", hash: "abc" })).toEqual({ ContactId: "42", Handoff_Identity: "abc" });
    expect(identityValues({ name: "Ann", email: "a@b.example" })).toEqual({ nickname: "Ann", email: "a@b.example" });
  });
});

describe("the entries of a chat", () => {
  test("who came and went is told of agents alone, and in words", () => {
    const events = [
      event("joined", 1),
      event("joined", 2),
      event("message", 2, { text: "Hello" }),
      event("left", 2, { reason: "left" }),
      event("joined", 3),
      event("left", 3, { reason: "inactive" }),
      event("joined", 3),
      event("left", 3, { reason: "left" }),
    ];
    expect(words(chat(events))).toEqual([
      "Robin: Hello",
      "Ann is here now",
      "Ann’s connection is broken. One moment please.",
      "Ann is here now",
      "Ann left",
    ]);
  });

  test("own messages say where they are", () => {
    const [one, two] = [event("message", 1, { text: "one" }), event("message", 1, { text: "two" })];
    const pending = { id: "p", text: "three", at: AT, failed: "", bytesMax: 0 };
    const late = entries(chat([one, two], { seenThrough: one.index, pending: [pending] }), speaking);
    expect(late.map((entry) => entry.kind === "said" && entry.state)).toEqual([
      { at: "seen" },
      { at: "sent" },
      { at: "waiting", late: true },
    ]);
    const [soon] = entries(chat([], { pending: [pending] }), { ...speaking, now: AT + 500 });
    expect(soon).toMatchObject({ state: { at: "waiting", late: false } });
  });

  test("why a message was not sent is said so that it can be mended", () => {
    const pending = { id: "p", text: "abcdef", at: AT, failed: "too_long", bytesMax: 4 };
    const [entry] = entries(chat([], { pending: [pending] }), speaking);
    expect(entry).toMatchObject({ state: { at: "failed", reason: "Not sent: 2 characters too long" } });
    const [other] = entries(chat([], { pending: [{ ...pending, failed: "window" }] }), speaking);
    expect(other).toMatchObject({ state: { at: "failed", reason: "Not sent" } });
  });

  test("a rich message can be answered once, and not after the end", () => {
    const content = { kind: "quick_replies", text: "?", options: [] };
    const asks = event("rich", 2, { text: "?", content });
    const open = (state: ChatState) =>
      entries(state, speaking).map((entry) => entry.kind === "said" && entry.rich?.open);
    expect(open(chat([asks]))).toEqual([true]);
    expect(open(chat([asks, event("rich_reply", 1, { text: "Yes", to: asks.index, content: {} })]))).toEqual([
      false,
      undefined,
    ]);
    expect(open(chat([asks], { phase: "ended" }))).toEqual([false, false]);
  });

  test("the end has its time, and what is of an unknown kind its text", () => {
    const events = [event("hologram", 2, { text: "A hologram" }), event("left", 1, { reason: "left" })];
    expect(words(chat(events, { phase: "ended" }))).toEqual(["A hologram", "The chat has ended at 14:05."]);
  });

  test("a transcript has all of it, without marks for screens", () => {
    const events = [event("message", 1, { text: "one\ntwo" }), event("message", 2, { text: "Hi" }), event("joined", 3)];
    const text = transcript(entries(chat(events), speaking), "Sales", "en", say);
    expect(text).toBe(
      "Sales\nChat of Wednesday, November 18, 2026\n\n14:05  You: one\n       two\n14:05  Robin (bot): Hi\n14:05  – Ann is here now\n",
    );
  });
});

test("who waits is told their place, and about how long", () => {
  expect(placeWords({ place: 1, waitS: 60 }, say)).toBe("You are next. About 1 minute.");
  expect(placeWords({ place: 4, waitS: 290 }, say)).toBe("3 are before you. About 5 minutes.");
  expect(placeWords({ place: 2, waitS: null }, say)).toBe("1 is before you.");
  expect(waitWords(null, say)).toBe("");
  expect(waitWords(10, say)).toBe("We answer right away");
  expect(waitWords(120, say)).toBe("We answer in about 2 minutes");
});

describe("with time", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("a short loss is nobody's concern, a longer one is told, a long one otherwise", () => {
    const connection = signal<Connection>("open");
    const { away, stop } = watchConnection(connection);
    connection.value = "reconnecting";
    vi.advanceTimersByTime(2900);
    connection.value = "open";
    vi.advanceTimersByTime(5000);
    expect(away.value).toBe("well");
    connection.value = "reconnecting";
    vi.advanceTimersByTime(3000);
    expect(away.value).toBe("away");
    connection.value = "connecting";
    vi.advanceTimersByTime(57_000);
    expect(away.value).toBe("lost");
    connection.value = "open";
    expect(away.value).toBe("well");
    stop();
  });
});

test("what a visitor chose is kept, and what can't be read counts as nothing", () => {
  const storage = forgetful();
  const read = (value: unknown) => value !== false;
  kept(storage, "sound", true, read).value = false;
  expect(kept(storage, "sound", true, read).value).toBe(false);
  storage.setItem("sound", "{broken");
  expect(kept(storage, "sound", true, read).value).toBe(true);
});
