// The rows of a conversation, which of them are drawn, and what rich messages offer.

import { describe, expect, test } from "vitest";
import { roomLeft, isComposing } from "../src/components/Composer.js";
import { Heights } from "../src/log/heights.js";
import { readRich } from "../src/log/rich.js";
import { rows, type Author, type Entry, type Said } from "../src/log/rows.js";
import { LogView } from "../src/log/view.js";

const NOW = new Date("2026-11-18T16:00:00").getTime();
const me: Author = { id: "1", name: "Zoë", bot: false, me: true };
const ann: Author = { id: "2", name: "Ann", bot: false, me: false };
let number = 0;

function said(author: Author, at: number, more: Partial<Said> = {}): Said {
  number += 1;
  return { kind: "said", key: `m${number}`, at, author, text: "hello", ...more };
}

const heads = (entries: Entry[]) =>
  rows(entries, NOW).map((row) =>
    row.kind === "message" ? (row.head ? (row.seen ? "seen" : "head") : "more") : row.kind,
  );

describe("rows", () => {
  test("messages of one author within two minutes stand together", () => {
    const first = said(ann, NOW);
    expect(heads([first, said(ann, NOW + 120_000), said(ann, NOW + 240_001), said(me, NOW + 240_001)])).toEqual([
      "head",
      "more",
      "head",
      "head",
    ]);
  });

  test("what happened comes between, and so does a day", () => {
    const left: Entry = { kind: "happened", key: "l", at: NOW, text: "Ann left" };
    expect(heads([said(ann, NOW), left, said(ann, NOW)])).toEqual(["head", "line", "head"]);
    const midnight = new Date("2026-11-18T00:00:00").getTime();
    expect(heads([said(ann, midnight - 1), said(ann, midnight)])).toEqual(["day", "head", "day", "head"]);
  });

  test("what only agents see never stands under the name of what all see", () => {
    expect(heads([said(ann, NOW), said(ann, NOW, { internal: true })])).toEqual(["head", "head"]);
  });

  test("seen is said once all that stands together was seen", () => {
    const seen = { state: { at: "seen" } } as const;
    const sent = { state: { at: "sent" } } as const;
    expect(heads([said(me, NOW, seen), said(me, NOW, seen)])).toEqual(["seen", "more"]);
    expect(heads([said(me, NOW, seen), said(me, NOW, sent)])).toEqual(["head", "more"]);
    expect(heads([said(me, NOW, seen), said(ann, NOW), said(me, NOW, sent)])).toEqual(["seen", "head", "head"]);
  });

  test("what waits long has a head of its own", () => {
    const waiting = (late: boolean) => ({ state: { at: "waiting", late } }) as const;
    expect(heads([said(me, NOW), said(me, NOW, waiting(false)), said(me, NOW, waiting(true))])).toEqual([
      "head",
      "more",
      "head",
    ]);
  });
});

describe("heights", () => {
  test("sums and places are those of a plain list, whatever is measured and cut off", () => {
    const heights = new Heights(50);
    const plain: number[] = [];
    let seed = 7;
    const chance = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
    for (let round = 0; round < 120; round += 1) {
      if (chance(3) === 0) {
        const length = Math.max(0, plain.length + chance(20) - 5);
        while (plain.length < length) plain.push(50);
        plain.length = length;
        heights.resize(length);
      } else if (plain.length > 0) {
        const index = chance(plain.length);
        plain[index] = chance(200);
        heights.set(index, plain[index]);
      }
      const total = plain.reduce((sum, height) => sum + height, 0);
      expect(heights.total).toBe(total);
      const index = chance(plain.length + 1);
      expect(heights.top(index)).toBe(plain.slice(0, index).reduce((sum, height) => sum + height, 0));
      const offset = chance(Math.max(1, total));
      let at = 0;
      for (let sum = plain[0] ?? 0; at < plain.length - 1 && sum <= offset; sum += plain[at]!) at += 1;
      expect(heights.at(offset)).toBe(Math.max(0, at));
    }
  });
});

describe("a view of many rows", () => {
  const keys = Array.from({ length: 10_000 }, (_, index) => `k${index}`);
  function view(): LogView {
    const made = new LogView();
    made.resized(600);
    made.take(keys);
    return made;
  }

  test("draws only what is near the end, where it begins", () => {
    const { drawn, top } = view();
    expect(top).toBeNull();
    expect(drawn.to).toBe(10_000);
    expect(drawn.to - drawn.from).toBeLessThan(40);
  });

  test("keeps the reader's place when rows come, and when rows above turn out higher", () => {
    const made = view();
    made.scrolled(56 * 5000 + 10, 600, 560_000);
    expect(made.atEnd).toBe(false);
    made.take([...keys, "new"]);
    expect(made.top).toBe(56 * 5000 + 10);
    expect(made.measure(4000, 156)).toBe(true);
    expect(made.top).toBe(56 * 5000 + 110);
  });

  test("keeps the reader's place when an earlier part comes above it", () => {
    const made = view();
    made.scrolled(56 * 100, 600, 560_000);
    made.take(["e1", "e2", ...keys]);
    expect(made.top).toBe(56 * 102);
  });

  test("stays at the end when the reader is there", () => {
    const made = view();
    made.scrolled(560_000 - 600, 600, 560_000);
    made.take([...keys, "new"]);
    expect(made.top).toBeNull();
    expect(made.drawn.to).toBe(10_001);
  });
});

describe("rich messages", () => {
  test("all kinds are read", () => {
    const choice = { id: "y", title: "Yes" };
    expect(readRich({ kind: "quick_replies", options: [choice] })).toMatchObject({ kind: "choices", multiple: false });
    expect(
      readRich({ kind: "list_picker", multiple: true, sections: [{ title: "A", items: [choice] }] }),
    ).toMatchObject({
      multiple: true,
      sections: [{ title: "A", choices: [choice] }],
    });
    expect(readRich({ kind: "time_picker", slots: [{ id: "s", starts_at: "2026-12-01T10:00:00Z" }] })).toEqual({
      kind: "times",
      slots: [{ id: "s", startsAt: Date.UTC(2026, 11, 1, 10) }],
    });
    expect(readRich({ kind: "form", fields: [{ id: "f", label: "F", type: "date", required: true }] })).toMatchObject({
      fields: [{ id: "f", type: "date", required: true }],
    });
  });

  test("a card's links lead to pages alone", () => {
    const actions = [
      { url: "javascript:alert(1)", title: "no" },
      { url: "https://a.example", title: "yes" },
      { id: "c", title: "choose" },
    ];
    expect(readRich({ kind: "card", card: { title: "T", actions } })).toMatchObject({
      cards: [{ links: [{ url: "https://a.example" }], choices: [{ id: "c" }] }],
    });
  });

  test("what is not known is nothing, and what does not fit is left out", () => {
    expect(readRich({ kind: "hologram" })).toBeNull();
    expect(readRich({ kind: "quick_replies", options: "no" })).toMatchObject({ sections: [{ choices: [] }] });
    expect(readRich({ kind: "carousel", cards: [null, 7] })).toEqual({ kind: "cards", cards: [] });
  });
});

describe("the composer", () => {
  test("an input method's keys are its own", () => {
    const key = (isComposing: boolean, keyCode: number) => ({ isComposing, keyCode });
    expect(isComposing(key(true, 13))).toBe(true);
    expect(isComposing(key(false, 229))).toBe(true);
    expect(isComposing(key(false, 13))).toBe(false);
  });

  test("room is told from 90 % of the limit on", () => {
    expect(roomLeft("a".repeat(89), 100)).toBeNull();
    expect(roomLeft("a".repeat(90), 100)).toBe(10);
    expect(roomLeft("é".repeat(48), 100)).toBe(2);
    expect(roomLeft("a".repeat(103), 100)).toBe(-3);
  });
});
