// Several tabs of one site: one talks, all show the same, and another goes on when the first is gone.

import { beforeEach, expect, test } from "vitest";
import type { ChatEvent } from "@handoff/sdk";
import { SharedChat } from "../src/chat/shared.js";
import { NO_CHAT, type ChatCommand, type ChatState } from "../src/chat/state.js";
import type { TabsPlatform } from "../src/chat/tabs.js";
import { forgetful } from "../src/model/settings.js";

/** The browser's locks and channels, for tabs that are objects of a test. */
class Browser implements TabsPlatform {
  readonly #channels = new Set<{ turn: number; onmessage: ((event: MessageEvent) => void) | null }>();
  /** Tabs that hear nothing, and that nobody hears, by their turn: 0 came first. */
  readonly deaf = new Set<number>();
  readonly mute = new Set<number>();
  #tabs = 0;
  #queue: Promise<unknown> = Promise.resolve();
  /** How much was told, in characters. */
  told = 0;

  readonly locks = {
    request: (_name: string, options: LockOptions, held: (lock: Lock | null) => unknown) => {
      const turn = this.#queue.then(() => (options.signal?.aborted ? undefined : held(null)));
      this.#queue = turn.catch(() => undefined);
      return turn;
    },
  } as unknown as LockManager;

  readonly channel = () => {
    const turn = this.#tabs;
    this.#tabs += 1;
    const own = {
      turn,
      onmessage: null as ((event: MessageEvent) => void) | null,
      postMessage: (data: unknown) => {
        const text = JSON.stringify(data);
        this.told += text.length;
        if (this.mute.has(turn)) return;
        for (const other of this.#channels) {
          if (other !== own && !this.deaf.has(other.turn))
            queueMicrotask(() => other.onmessage?.({ data: JSON.parse(text) as unknown } as MessageEvent));
        }
      },
      close: () => this.#channels.delete(own),
    };
    this.#channels.add(own);
    return own as unknown as BroadcastChannel;
  };
}

/** A tab whose talk is a list of what was asked. */
class Tab {
  readonly asked: ChatCommand[] = [];
  readonly chat: SharedChat;
  change: ((state: ChatState) => void) | null = null;

  constructor(browser: TabsPlatform) {
    this.chat = new SharedChat("handoff:default", browser, storage, (changed) => {
      this.change = changed;
      return {
        ask: (command) => void this.asked.push(command),
        file: (id) => (id === "f1" ? Promise.resolve(new Blob(["bytes"])) : Promise.reject(new Error("gone"))),
        close: () => undefined,
      };
    });
  }
}

const settled = () => new Promise((done) => setTimeout(done, 5));
const event = (index: number) => ({ index, at: 1, by: 2, type: "message", text: `m${index}` }) as unknown as ChatEvent;
const state = (count: number): ChatState => ({
  ...NO_CHAT,
  phase: "open",
  events: Array.from({ length: count }, (_, at) => event(at + 1)),
});

let browser: Browser;
let storage = forgetful();
beforeEach(() => {
  browser = new Browser();
  storage = forgetful();
});

test("one tab leads, and the others show and ask the same", async () => {
  const [first, second] = [new Tab(browser), new Tab(browser)];
  await settled();
  expect([first.chat.leads.value, second.chat.leads.value]).toEqual([true, false]);
  first.change?.(state(3));
  await settled();
  expect(second.chat.state.value).toEqual(state(3));
  second.chat.ask({ do: "send", text: "from the second" });
  await settled();
  expect(first.asked).toEqual([{ do: "send", text: "from the second" }]);
});

test("a tab that comes later is told all, and what it asked before it knew is asked then", async () => {
  const first = new Tab(browser);
  await settled();
  first.change?.(state(2));
  const second = new Tab(browser);
  second.chat.ask({ do: "read" });
  await settled();
  expect(second.chat.state.value.events).toHaveLength(2);
  expect(first.asked).toEqual([{ do: "read" }]);
});

test("a long chat is not told anew with each message", async () => {
  const [first, second] = [new Tab(browser), new Tab(browser)];
  await settled();
  first.change?.(state(10_000));
  await settled();
  const before = browser.told;
  first.change?.(state(10_001));
  await settled();
  expect(second.chat.state.value.events).toHaveLength(10_001);
  expect(browser.told - before).toBeLessThan(2000);
});

test("another chat replaces the one before", async () => {
  const [first, second] = [new Tab(browser), new Tab(browser)];
  await settled();
  first.change?.(state(3));
  first.change?.({ ...NO_CHAT });
  first.change?.({ ...state(0), events: [event(7), event(8), event(9), event(10)] });
  await settled();
  expect(second.chat.state.value.events.map(({ index }) => index)).toEqual([7, 8, 9, 10]);
});

test("when the leading tab is gone another leads", async () => {
  const [first, second] = [new Tab(browser), new Tab(browser)];
  await settled();
  first.chat.close();
  await settled();
  expect(second.chat.leads.value).toBe(true);
  second.chat.ask({ do: "send", text: "still here" });
  expect(second.asked).toEqual([{ do: "send", text: "still here" }]);
});

test("what was asked of a tab that is gone is asked of the next, and nothing twice", async () => {
  const [first, second, third] = [new Tab(browser), new Tab(browser), new Tab(browser)];
  await settled();
  first.change?.(state(1));
  await settled();
  second.chat.ask({ do: "send", text: "taken" });
  await settled();
  expect([first.asked.length, second.chat.state.value.pending]).toEqual([1, []]);
  // It ends without a word, as a tab that crashes does.
  browser.deaf.add(0);
  second.chat.ask({ do: "send", text: "of the second" });
  third.chat.ask({ do: "send", text: "of the third" });
  third.chat.ask({ do: "typing", text: "t" });
  const waiting = third.chat.file("f1");
  expect(third.chat.state.value.pending).toMatchObject([{ text: "of the third", failed: "" }]);
  first.chat.close();
  await settled();
  expect(second.chat.leads.value).toBe(true);
  second.change?.(state(1));
  await settled();
  expect(second.asked).toEqual([
    { do: "send", text: "of the second" },
    { do: "send", text: "of the third" },
  ]);
  expect([second, third].map(({ chat }) => chat.state.value.pending)).toEqual([[], []]);
  expect(await waiting).toBeDefined();
});

test("what the tab before has done and could not tell is not done again", async () => {
  const [first, second] = [new Tab(browser), new Tab(browser)];
  await settled();
  first.change?.(state(1));
  await settled();
  browser.mute.add(0);
  second.chat.ask({ do: "send", text: "once" });
  await settled();
  expect([first.asked.length, second.chat.state.value.pending.length]).toEqual([1, 1]);
  first.chat.close();
  await settled();
  expect([second.asked, second.chat.state.value.pending]).toEqual([[], []]);
});

test("a file's bytes come through the tab that leads", async () => {
  const [first, second] = [new Tab(browser), new Tab(browser)];
  await settled();
  expect(await (await first.chat.file("f1")).text()).toBe("bytes");
  expect(await second.chat.file("f1")).toBeDefined();
  await expect(second.chat.file("f2")).rejects.toThrow("can't be fetched");
});

test("without locks or a channel each tab leads for itself", async () => {
  const tab = new Tab({});
  await settled();
  expect(tab.chat.leads.value).toBe(true);
});
