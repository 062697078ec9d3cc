// The words of the agent's language: a file of their own, so that nobody loads six languages for one.

import type { Language } from "@handoff/ui";
import type { DeskTexts } from "../words/say.js";

/** For each language the path of its file, put in by the build. */
declare const WORD_FILES: Readonly<Record<Language, string>>;

const PAUSE_MS = 250;
const PAUSE_MS_MAX = 8000;

/** The words of a language. Asks until they come: without them the page has nothing to say. */
export async function fetchTexts(language: Language): Promise<DeskTexts> {
  for (let pause = PAUSE_MS; ; pause = Math.min(2 * pause, PAUSE_MS_MAX)) {
    try {
      const answer = await fetch(`/${WORD_FILES[language]}`);
      if (answer.ok) return (await answer.json()) as DeskTexts;
    } catch {
      // The node is away; the next try may reach another.
    }
    await new Promise((wake) => setTimeout(wake, pause));
  }
}
