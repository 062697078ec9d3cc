// How the desk speaks: the texts that all surfaces share, and its own, in the agent's language.

import { loadCatalogue, sayer, type CatalogueOf, type en as shared, type Language, type SayOf } from "@handoff/ui";
import type { en } from "./en.js";

/** The desk's own texts in one language. */
export type DeskCatalogue = CatalogueOf<typeof en>;

/** All texts that the desk says. */
export type DeskTexts = typeof shared & typeof en;

/** Says one of them. */
export type Say = SayOf<DeskTexts>;

const CATALOGUES: Record<Language, () => Promise<DeskCatalogue>> = {
  en: async () => (await import("./en.js")).en,
  de: async () => (await import("./de.js")).de,
  es: async () => (await import("./es.js")).es,
  fr: async () => (await import("./fr.js")).fr,
  ja: async () => (await import("./ja.js")).ja,
  ar: async () => (await import("./ar.js")).ar,
};

/** The desk's own texts in a language. Rejects when they can't be loaded. */
export function loadDeskCatalogue(language: Language): Promise<DeskCatalogue> {
  return CATALOGUES[language]();
}

/** What says all texts in a language. Rejects when they can't be loaded. */
export async function loadSay(language: Language): Promise<Say> {
  const [common, own] = await Promise.all([loadCatalogue(language), loadDeskCatalogue(language)]);
  return sayer<DeskTexts>(language, { ...common, ...own });
}
