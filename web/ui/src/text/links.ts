// Addresses within texts. Only their places are found here; they are shown as anchors, never made of markup.

/** A piece of a text: words, or an address that can be followed. */
export interface Piece {
  readonly text: string;
  readonly href?: string;
}

/** What nobody writes into an address, beside spaces: quotes, and marks that turn the direction of writing. */
const END = '\\s<>"“”„«»`\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069';
const ADDRESS = new RegExp(
  `(?<![\\p{L}\\p{N}_.@/-])(?:(?:https?:\\/\\/|www\\.)[^${END}]+|(?:mailto:)?[\\p{L}\\p{N}._%+-]+@[\\p{L}\\p{N}-]+(?:\\.[\\p{L}\\p{N}-]+)+)`,
  "giu",
);
const TRAILING = /[.,;:!?'’…*_~|،؛؟۔।。、，！？；：」』）】》]$/u;
const BRACKETS: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };
const SCHEMES = ["http:", "https:", "mailto:"];

/** The text in pieces, which together are the text again. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = ended(match[0]);
    const href = target(address);
    if (!href) continue;
    if (match.index > from) found.push({ text: text.slice(from, match.index) });
    found.push({ text: address, href });
    from = match.index + address.length;
  }
  if (from < text.length) found.push({ text: text.slice(from) });
  return found;
}

/** Without the punctuation of the sentence around it, and without a bracket that was opened before it. */
function ended(address: string): string {
  let shown = address;
  for (;;) {
    const last = shown.at(-1) ?? "";
    const opening = BRACKETS[last];
    if (TRAILING.test(shown)) shown = shown.slice(0, -1);
    else if (opening && count(shown, last) > count(shown, opening)) shown = shown.slice(0, -1);
    else return shown;
  }
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}

/** Where an address leads; null: nowhere that a link may lead. */
function target(address: string): string | null {
  const full = /^www\./i.test(address)
    ? `https://${address}`
    : /^(?:https?|mailto):/i.test(address)
      ? address
      : `mailto:${address}`;
  try {
    const url = new URL(full);
    const whole = url.protocol === "mailto:" || url.hostname.includes(".") || url.hostname === "localhost";
    return SCHEMES.includes(url.protocol) && whole ? url.href : null;
  } catch {
    return null;
  }
}
