// All languages, for the build, which makes a file of each, and for tests. The page loads the one that it speaks.

import { LANGUAGES, loadCatalogue, type Language } from "@handoff/ui";
import type { DeskCatalogue, DeskTexts } from "./say.js";

export { LANGUAGES };

const CATALOGUES: Record<Language, () => Promise<DeskCatalogue>> = {
  en: async () => (await import("./en.js")).en,
  de: async () => (await import("./de.js")).de,
  es: async () => (await import("./es.js")).es,
  fr: async () => (await import("./fr.js")).fr,
  ja: async () => (await import("./ja.js")).ja,
  ar: async () => (await import("./ar.js")).ar,
};

/** The desk's own texts in a language. */
export function loadDeskCatalogue(language: Language): Promise<DeskCatalogue> {
  return CATALOGUES[language]();
}

/** All texts in a language. */
export async function loadTexts(language: Language): Promise<DeskTexts> {
  const [common, own] = await Promise.all([loadCatalogue(language), loadDeskCatalogue(language)]);
  return { ...common, ...own };
}
