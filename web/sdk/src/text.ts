// Texts as the server takes them: whole characters, and counted in bytes.

import { scope } from "./platform.js";

/** A text without halves of characters, of which the server takes none: what was pasted may have some. */
export function whole(text: string): string {
  // By their numbers: Hermes knows no \p{Surrogate}. With `u`, whole pairs are none of them.
  return text.replace(/[\ud800-\udfff]/gu, "\ufffd");
}

/** For `JSON.stringify`: every text of a frame, and every key of its data, whole. */
export function wholeTexts(_key: string, value: unknown): unknown {
  if (typeof value === "string") return whole(value);
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [whole(key), one as unknown]));
}

/** How many bytes a text has in UTF-8, halves of characters counted as what replaces them. */
export function utf8Bytes(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
  }
  return bytes;
}

/**
 * The beginning of a text that does not end within what people see as one character, where the engine can tell them
 * apart, else not within a code point.
 * @param max in UTF-16 units
 */
export function beginning(text: string, max: number): string {
  if (text.length <= max) return text;
  const Segmenter = scope.Intl?.Segmenter;
  let end = 0;
  if (Segmenter) {
    // A character beyond `max` is not looked for further than it takes to see that it is one.
    const segments = new Segmenter(undefined, { granularity: "grapheme" }).segment(text.slice(0, 2 * max));
    for (const { index, segment } of segments) {
      if (index + segment.length > max) break;
      end = index + segment.length;
    }
  }
  // A "character" of marks without end is cut as well as one can.
  return end > 0 ? text.slice(0, end) : text.slice(0, max).replace(/[\ud800-\udbff]$/, "");
}
