// Names as they may be shown: whatever somebody called themselves, it neither hides nor turns the text around it.

import { graphemes } from "./graphemes.js";

/** Joiners and variation selectors are needed within names and emoji; alone they show nothing. */
const UNSEEN = /(?!\p{Join_Control}|\ufe0e|\ufe0f)(?:\p{Default_Ignorable_Code_Point}|[\p{Cc}\u2800\ufff9-\ufffb])/gu;
const SPACES = /[\p{Z}\s]+/gu;
/** Anything that is drawn: no space, no control, nothing of what Unicode leaves out when it can't be shown. */
const DRAWN = /[^\p{Z}\s\p{Cc}\p{Default_Ignorable_Code_Point}\u2800\ufff9-\ufffb]/u;
const SHOWN = /[^\p{Z}\p{M}\p{C}\s]/u;

/** Whether a text shows nothing, as the server has it of texts and names: spaces, and what is never drawn. */
export function isBlank(text: string): boolean {
  return !DRAWN.test(text);
}

/**
 * A name without direction marks, control characters and what can't be seen, in one line.
 * @param neutral the word for who has no name that can be seen
 */
export function shownName(name: string, neutral: string): string {
  // Spaces first: a line break is a control character, and a space between words all the same.
  const clean = name.replace(SPACES, " ").replace(UNSEEN, "").replace(SPACES, " ").trim();
  return SHOWN.test(clean) ? clean : neutral;
}

const LETTER = /^[\p{L}\p{N}]/u;
const JOINING = /^\p{Script=Arabic}/u;
/** Keeps Arabic letters apart, which would be a word else. */
const APART = "\u200c";

/** One or two letters for a name; empty where it has none, as an emoji has: then a neutral sign is shown. */
export function initials(name: string): string {
  const words = shownName(name, "")
    .split(" ")
    .map((word) => graphemes(word).filter((part) => LETTER.test(part)))
    .filter((word) => word.length > 0);
  const [first, last] = [words[0], words.at(-1)];
  if (!first || !last) return "";
  const letters = words.length > 1 ? [first[0], last[0]] : cased(first[0]) ? first.slice(0, 2) : [first[0]];
  const shown = letters.filter((letter) => letter !== undefined).map((letter) => letter.toLocaleUpperCase());
  return shown.join(shown.every((letter) => JOINING.test(letter)) ? APART : "");
}

/** Of scripts without capitals one letter says as much as two. */
function cased(letter: string | undefined): boolean {
  return letter !== undefined && letter.toLowerCase() !== letter.toUpperCase();
}
