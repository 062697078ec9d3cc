// Several tabs of one site: one talks, all show the same, and another goes on when the first is gone.

import { beforeEach, expect, test } from "vitest";
import type { ChatEvent } from "@handoff/sdk";
import { SharedChat } from "../src/chat/shared.js";
import { NO_CHAT, type ChatCommand, type ChatState } from "../src/chat/state.js";
import type { TabsPlatform } from "../src/chat/tabs.js";

/** The browser's locks and channels, for tabs that are objects of a test. */
class Browser implements TabsPlatform {
  readonly #channels = new Set<{ onmessage: ((event: MessageEvent) => void) | null }>();
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
    const own = {
      onmessage: null as ((event: MessageEvent) => void) | null,
      postMessage: (data: unknown) => {
        const text = JSON.stringify(data);
        this.told += text.length;
        for (const other of this.#channels) {
          if (other !== own)
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
    this.chat = new SharedChat("handoff:default", browser, (changed) => {
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
beforeEach(() => {
  browser = new Browser();
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
