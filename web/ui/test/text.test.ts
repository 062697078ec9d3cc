// Texts, names, addresses and times as they are shown.

import { describe, expect, test } from "vitest";
import { cut, emojiOnly, excess, graphemes } from "../src/text/graphemes.js";
import { initials, isBlank, shownName } from "../src/text/names.js";
import { pieces } from "../src/text/links.js";
import { ago, clock, countdown, dayName, daysBetween, dayOf, fileSize, shortTime } from "../src/text/times.js";
import { sayer } from "../src/words/catalogue.js";
import { en } from "../src/words/en.js";

const FAMILY = "👨‍👩‍👧";
const say = sayer("en", en);

describe("graphemes", () => {
  test("a text is cut between characters, never within one", () => {
    expect(graphemes(`e\u0301${FAMILY}`)).toHaveLength(2);
    expect(cut(`ab${FAMILY}cd`, 4)).toBe(`ab${FAMILY}…`);
    expect(cut("short", 5)).toBe("short");
    expect(cut("one two three", 5)).toBe("one…");
    expect(cut(FAMILY.repeat(5), 5)).toBe(FAMILY.repeat(5));
  });

  test("what is too long is told in characters, though the limit is in bytes", () => {
    expect(excess("abc", 3)).toBe(0);
    expect(excess("abcde", 3)).toBe(2);
    expect(excess("ééé", 4)).toBe(1);
    expect(excess(`ab${FAMILY}`, 4)).toBe(1);
  });

  test("a few emoji alone are large, a number or a word is not", () => {
    expect(emojiOnly("👍")).toBe(true);
    expect(emojiOnly(`${FAMILY} 🇩🇪👍🏽 ❤️`)).toBe(true);
    expect(emojiOnly("👍 ok")).toBe(false);
    expect(emojiOnly("7")).toBe(false);
    expect(emojiOnly("")).toBe(false);
    expect(emojiOnly("👍".repeat(7))).toBe(false);
  });
});

describe("names", () => {
  test("direction marks, controls and what can't be seen are gone, lines become one", () => {
    expect(shownName("An\u202en\u2066a\u200b", "x")).toBe("Anna");
    expect(shownName(" Ann\n\t Lee\u0000 ", "x")).toBe("Ann Lee");
  });

  test("a name that shows nothing gets the neutral word", () => {
    for (const name of ["", "  ", "\u200b\u200d", "\u3164", "\u2800", "\u0301", "\ufe0f"]) {
      expect(shownName(name, "Our team")).toBe("Our team");
    }
  });

  test("a text that shows nothing is blank, whatever it is made of", () => {
    for (const text of ["", " \n\t", "\u00a0\u3000", "\u200b", "\u2800\u3164", "\ufeff\u2060", "\u00ad", "\0"]) {
      expect(isBlank(text)).toBe(true);
    }
    for (const text of ["x", "\u200bx", "0", "🙂", FAMILY, "\ufffd", "ا", "\u0301"]) expect(isBlank(text)).toBe(false);
  });

  test("joiners stay where a name or an emoji needs them", () => {
    expect(shownName(FAMILY, "x")).toBe(FAMILY);
    expect(shownName("نام\u200cها", "x")).toBe("نام\u200cها");
  });

  test("initials are whole characters, and none for an emoji", () => {
    expect(initials("Leonie Kraus")).toBe("LK");
    expect(initials("Ann")).toBe("AN");
    expect(initials("ann marie de boer")).toBe("AB");
    expect(initials("山田太郎")).toBe("山");
    expect(initials("e\u0301lodie")).toBe("E\u0301L");
    expect(initials("أحمد حسن")).toBe("أ\u200cح");
    expect(initials(`${FAMILY} Kim`)).toBe("KI");
    expect(initials("🙂")).toBe("");
    expect(initials(" ")).toBe("");
  });
});

describe("links", () => {
  const links = (text: string) =>
    pieces(text)
      .filter((piece) => piece.href)
      .map(({ text: shown, href }) => [shown, href]);

  test("the pieces are the text again", () => {
    const text = "see (https://a.example/b_(c)). Or www.a.example, or me@a.example!";
    expect(
      pieces(text)
        .map((piece) => piece.text)
        .join(""),
    ).toBe(text);
  });

  test("the sentence's punctuation is not the address's, its own brackets are", () => {
    expect(links("(see https://a.example/b)")).toEqual([["https://a.example/b", "https://a.example/b"]]);
    expect(links("https://a.example/b_(c).")).toEqual([["https://a.example/b_(c)", "https://a.example/b_(c)"]]);
    expect(links("“https://a.example/b”")).toEqual([["https://a.example/b", "https://a.example/b"]]);
    expect(links('"https://a.example/?q=1&r=2", he said')).toEqual([
      ["https://a.example/?q=1&r=2", "https://a.example/?q=1&r=2"],
    ]);
  });

  test("so is the punctuation of other scripts", () => {
    for (const mark of ["،", "؛", "؟", "۔", "।", "。", "】"]) {
      expect(links(`https://a.example/b${mark} c`)).toEqual([["https://a.example/b", "https://a.example/b"]]);
    }
  });

  test("www and mail addresses are followed without a scheme", () => {
    expect(links("www.example.org")).toEqual([["www.example.org", "https://www.example.org/"]]);
    expect(links("ask ann@example.org.")).toEqual([["ann@example.org", "mailto:ann@example.org"]]);
  });

  test("nothing else is a link", () => {
    for (const text of [
      "javascript:alert(1)",
      "data:text/html,x",
      "www.",
      "a@b",
      "https://",
      "ftp://a.example",
      "7.30",
    ]) {
      expect(links(text)).toEqual([]);
    }
  });

  test("marks that turn the direction end an address", () => {
    expect(links("https://a.example/\u202egro.live")).toEqual([["https://a.example/", "https://a.example/"]]);
  });
});

describe("times", () => {
  const at = (text: string) => new Date(text).getTime();
  const now = at("2026-11-18T16:00:00");

  test("today, this week, this year, before", () => {
    expect(clock(at("2026-11-18T04:05:00"), "en")).toBe("04:05");
    expect(shortTime(at("2026-11-18T14:05:00"), now, "en")).toBe("14:05");
    expect(shortTime(at("2026-11-17T14:05:00"), now, "en-GB")).toBe("Tue 14:05");
    expect(shortTime(at("2026-11-11T14:05:00"), now, "en-GB")).toBe("11 Nov");
    expect(shortTime(at("2025-11-12T14:05:00"), now, "en-GB")).toBe("12 Nov 2025");
  });

  test("midnight is a day's end, also when the clock is put forward or back", () => {
    expect(daysBetween(at("2026-11-17T23:59:59"), at("2026-11-18T00:00:00"))).toBe(1);
    expect(daysBetween(at("2026-03-28T12:00:00"), at("2026-03-30T12:00:00"))).toBe(2);
    const day = dayOf(now);
    expect(day.from).toBe(at("2026-11-18T00:00:00"));
    expect(day.to).toBe(at("2026-11-19T00:00:00"));
  });

  test("days have names", () => {
    expect(dayName(now, now, "en", say)).toBe("Today");
    expect(dayName(at("2026-11-17T01:00:00"), now, "en", say)).toBe("Yesterday");
    expect(dayName(at("2026-11-10T01:00:00"), now, "en-GB", say)).toBe("Tuesday 10 November");
  });

  test("in lists it is how long ago", () => {
    expect(ago(now - 59_000, now, say)).toBe("now");
    expect(ago(now - 4 * 60_000, now, say)).toBe("4 min");
    expect(ago(now - 3 * 3_600_000, now, say)).toBe("3 h");
    expect(ago(now - 50 * 3_600_000, now, say)).toBe("2 d");
    expect(ago(now + 5000, now, say)).toBe("now");
  });

  test("a countdown ends at nought", () => {
    expect(countdown(19_000)).toBe("0:19");
    expect(countdown(18_200)).toBe("0:19");
    expect(countdown(724_000)).toBe("12:04");
    expect(countdown(-5)).toBe("0:00");
  });

  test("sizes are in kB and MB", () => {
    expect(fileSize(12_345, "en")).toBe("12 kB");
    expect(fileSize(3_400_000, "en")).toBe("3.4 MB");
    expect(fileSize(999_900, "en")).toBe("1 MB");
  });
});
