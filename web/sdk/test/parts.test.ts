// The small parts, each alone.

import { describe, expect, expectTypeOf, test } from "vitest";
import type { WebSocket as WsWebSocket } from "ws";
import { base64 } from "../src/base64.js";
import { asyncStorageStore, Refused, storageStore, type SocketConstructor } from "../src/index.js";
import { Nodes } from "../src/nodes.js";
import { beginning, utf8Bytes, wholeTexts } from "../src/text.js";

describe("texts", () => {
  const TEXTS = ["", "abc", "Zoë", "مرحبا", "こんにちは", "💶👩‍👩‍👧‍👦", "half \ud83d", "\udca9 half"];

  test.each(TEXTS)("have as many bytes as they are sent with: %j", (text) => {
    expect(utf8Bytes(text)).toBe(new TextEncoder().encode(text).length);
  });

  test.each(TEXTS)("are base64 of their UTF-8: %j", (text) => {
    expect(base64(text)).toBe(Buffer.from(text, "utf8").toString("base64"));
  });

  test("of frames are whole, and so are the keys of data", () => {
    const frame = { text: "a\ud83d", data: { "k\udca9": ["\ud83d\udca9", "\ud83d"] }, number: 1, none: null };
    expect(JSON.parse(JSON.stringify(frame, wholeTexts))).toEqual({
      text: "a\ufffd",
      data: { "k\ufffd": ["💩", "\ufffd"] },
      number: 1,
      none: null,
    });
  });

  test("are cut at whole characters", () => {
    expect(beginning("abc", 3)).toBe("abc");
    expect(beginning("abcd", 3)).toBe("abc");
    expect(beginning("ab💶", 3)).toBe("ab");
    expect(beginning("a👩‍👩‍👧‍👦b", 6)).toBe("a");
    expect(beginning("e\u0301e\u0301", 3)).toBe("e\u0301");
    // Marks without end are one character, which is cut all the same.
    expect(beginning("e" + "\u0301".repeat(50), 10)).toHaveLength(10);
  });
});

describe("a store", () => {
  test("in a storage works where that is full or forbidden", () => {
    const forbidden = {
      getItem: (): string => {
        throw new Error("forbidden");
      },
      setItem: () => {
        throw new Error("full");
      },
    };
    const store = storageStore(forbidden, "chat");
    store.write("x");
    expect(store.read()).toBe(null);
  });

  test("in a storage is kept under its name", () => {
    const kept = new Map<string, string>();
    const storage = {
      getItem: (name: string) => kept.get(name) ?? null,
      setItem: (name: string, text: string) => kept.set(name, text),
    };
    storageStore(storage, "chat").write("x");
    expect([...kept]).toEqual([["chat", "x"]]);
    expect(storageStore(storage, "chat").read()).toBe("x");
  });

  test("in a storage that takes its time is read once and written in order", async () => {
    const written: string[] = [];
    let fails = true;
    const storage = {
      getItem: () => Promise.resolve("before"),
      setItem: async (_name: string, text: string) => {
        await Promise.resolve();
        if (fails) {
          fails = false;
          throw new Error("full");
        }
        written.push(text);
      },
    };
    const store = await asyncStorageStore(storage, "chat");
    expect(store.read()).toBe("before");
    for (const text of ["one", "two", "three"]) store.write(text);
    expect(store.read()).toBe("three");
    await new Promise((done) => setTimeout(done, 0));
    expect(written).toEqual(["two", "three"]);
  });
});

describe("nodes", () => {
  test("that failed least are turned to first, in turn", () => {
    const nodes = new Nodes(["http://a", "http://b/", "http://c"]);
    const turned = Array.from({ length: 4 }, () => {
      nodes.turn();
      return nodes.current;
    });
    expect(turned).toEqual(["http://b", "http://c", "http://a", "http://b"]);
    nodes.greeted([]);
    nodes.turn();
    expect(nodes.current).toBe("http://c");
    // "b" was reached since, and failed but once.
    nodes.turn();
    expect(nodes.current).toBe("http://b");
  });
});

describe("a refusal", () => {
  test("says whether the same may be asked again, and when", () => {
    const of = (details: ConstructorParameters<typeof Refused>[0]) => {
      const { code, retry, retryMs, message } = new Refused(details);
      return [code, retry, retryMs, message];
    };
    expect(of({ code: "ended", message: "over", retry: false })).toEqual(["ended", false, 0, "over"]);
    expect(of({ code: "limited", retry: true, retry_ms: 5 })).toEqual(["limited", true, 5, "limited"]);
    expect(of({ code: "unknown" })).toEqual(["unknown", true, 0, "unknown"]);
  });
});

describe("the types", () => {
  test("take the sockets of browsers and of the ws package", () => {
    expectTypeOf<typeof WsWebSocket>().toExtend<SocketConstructor>();
  });
});
