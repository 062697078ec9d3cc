// The words of the widget's language: a file of their own, which comes from the first node that gives it, and only as it
// was built.

import type { Catalogue, Language } from "@handoff/ui";

/** For each language its file and the file's hash, put in by the build. */
declare const WORD_FILES: string;

type WordFiles = Readonly<Record<Language, readonly [file: string, hash: string]>>;

/** The words of a language. Rejects when no node gives them. */
export async function loadWords(nodes: readonly string[], language: Language): Promise<Catalogue> {
  const [file, integrity] = (JSON.parse(WORD_FILES) as WordFiles)[language];
  for (const node of nodes) {
    try {
      const answer = await fetch(`${node}/${file}`, { integrity, credentials: "omit" });
      if (answer.ok) return (await answer.json()) as Catalogue;
    } catch {
      // The next node.
    }
  }
  throw new Error("No node gives the words.");
}
