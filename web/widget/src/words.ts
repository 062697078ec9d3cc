// The words of the widget's language: a file of their own, which comes from the first node that gives it, and only as it
// was built.

import type { Catalogue, Language } from "@handoff/ui";

/** For each language its file and the file's hash, put in by the build. */
declare const WORD_FILES: Readonly<Record<Language, readonly [file: string, hash: string]>>;

/** What such a file has: texts whose names the build made numbers, and texts by name. */
type WordFile = readonly [numbered: readonly string[], named: Readonly<Record<string, string>>];

/** The words of a language. Rejects when no node gives them. */
export async function loadWords(nodes: readonly string[], language: Language): Promise<Catalogue> {
  const [file, integrity] = WORD_FILES[language];
  for (const node of nodes) {
    try {
      const answer = await fetch(`${node}/${file}`, { integrity, credentials: "omit" });
      if (answer.ok) {
        const [numbered, named] = (await answer.json()) as WordFile;
        return Object.assign({}, numbered, named) as unknown as Catalogue;
      }
    } catch {
      // The next node.
    }
  }
  throw new Error("No node gives the words.");
}
