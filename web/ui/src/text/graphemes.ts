// Texts by what people take for one character: an emoji with its skin, a letter with its marks.

const segmenter =
  typeof Intl !== "undefined" && "Segmenter" in Intl
    ? new Intl.Segmenter(undefined, { granularity: "grapheme" })
    : null;

/** The characters of a text as people count them; where the engine can't tell, its code points. */
export function graphemes(text: string): string[] {
  return segmenter ? Array.from(segmenter.segment(text), (part) => part.segment) : Array.from(text);
}

/**
 * The beginning of a text with `…` where something is left out; never half a character.
 * @param max how many characters are shown at most, the `…` among them
 */
export function cut(text: string, max: number): string {
  // No text has more characters than UTF-16 units: short ones, which most are, need no counting.
  if (text.length <= max) return text;
  const parts: string[] = [];
  for (const part of segmenter ? segmenter.segment(text) : text) {
    if (parts.length === max) return `${parts.slice(0, -1).join("").trimEnd()}…`;
    parts.push(typeof part === "string" ? part : part.segment);
  }
  return text;
}

const encoder = new TextEncoder();

/** How long a text is in bytes of UTF-8, which is what the server's limits count. */
export function byteLength(text: string): number {
  return encoder.encode(text).length;
}

/**
 * How many characters have to go from the end of a text until it fits.
 * @param bytesMax the longest text in bytes of UTF-8
 */
export function excess(text: string, bytesMax: number): number {
  if (byteLength(text) <= bytesMax) return 0;
  const parts = graphemes(text);
  let bytes = 0;
  const fitting = parts.findIndex((part) => (bytes += byteLength(part)) > bytesMax);
  return parts.length - fitting;
}

const EMOJI = /^(?:\p{Extended_Pictographic}|\p{Regional_Indicator}{2}|[0-9#*]\ufe0f?\u20e3)/u;
const EMOJI_MAX = 6;

/** Whether a text is a few emoji and nothing else, which is shown large. */
export function emojiOnly(text: string): boolean {
  const trimmed = text.trim();
  if (!trimmed || trimmed.length > EMOJI_MAX * 30) return false;
  const parts = graphemes(trimmed).filter((part) => part.trim());
  return parts.length <= EMOJI_MAX && parts.every((part) => EMOJI.test(part));
}
