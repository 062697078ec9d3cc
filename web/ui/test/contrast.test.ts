// The colours, by day and by night: text can be read on what it stands on, edges of fields can be seen.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const sheet = (name: string): string => readFileSync(new URL(`../src/styles/${name}.css`, import.meta.url), "utf8");
/** Those of all surfaces, and those that lists of work have beside them. */
const SHARED = sheet("tokens");
const WORK = sheet("work");
const TEXT = 4.5;
const EDGE = 3;

/** The tokens of the rule whose selector this is; what a page may set counts as what it is by itself. */
function tokens(css: string, selector: string): Record<string, string> {
  const from = css.indexOf(`${selector} {`);
  const block = css.slice(from, css.indexOf("}", from));
  const found = [...block.matchAll(/--([\w-]+):\s*([^;]*?(#[0-9a-f]{6})[^;]*);/g)];
  return Object.fromEntries(found.map((match) => [match[1]!, match[3]!]));
}

function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

function contrast(one: string, other: string): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high! + 0.05) / (low! + 0.05);
}

const TEXTS = [
  ...["ink", "ink-2", "ink-3", "accent"].flatMap((ink) => ["ground", "surface", "raised"].map((on) => [ink, on])),
  ...["good", "warn", "bad"].map((ink) => [ink, "surface"]),
  ["on-accent", "accent"],
  ["on-mine", "mine"],
  ["ink", "theirs"],
  ["ink", "selected"],
  ["ink-2", "selected"],
  ["accent", "selected"],
  ["on-internal", "internal"],
] as [string, string][];
const EDGES = ["ground", "surface", "raised"].map((on) => ["field", on] as [string, string]);

describe.each([
  ["light", ":host", ":root"],
  ["dark", ':host([data-theme="dark"])', ':root[data-theme="dark"]'],
  ["dark by the system", ':host(:not([data-theme="light"]))', ':root:not([data-theme="light"])'],
])("%s", (_name, host, root) => {
  const colours = { ...tokens(SHARED, host), ...tokens(WORK, root) };

  test.each(TEXTS)("%s on %s", (ink, on) => {
    expect(contrast(colours[ink]!, colours[on]!)).toBeGreaterThanOrEqual(TEXT);
  });

  test.each(EDGES)("%s on %s", (edge, on) => {
    expect(contrast(colours[edge]!, colours[on]!)).toBeGreaterThanOrEqual(EDGE);
  });
});

test("both ways to the dark are the same", () => {
  expect(tokens(SHARED, ':host([data-theme="dark"])')).toEqual(tokens(SHARED, ':host(:not([data-theme="light"]))'));
  expect(tokens(WORK, ':root[data-theme="dark"]')).toEqual(tokens(WORK, ':root:not([data-theme="light"])'));
});

test("sides are logical in all styles", () => {
  for (const name of ["tokens", "base", "conversation", "work"]) {
    expect(
      sheet(name).match(/^\s*(?:(?:margin|padding|border)-(?:left|right|top|bottom)|left|right|top|bottom)\s*:/gm),
    ).toBeNull();
  }
});
