// Which languages there are, which one is meant, and the catalogue of each, loaded when it is wanted.

import type { Catalogue } from "./catalogue.js";

/** The languages that everything is said in. */
export const LANGUAGES = ["en", "de", "es", "fr", "ja", "ar"] as const;

/** One of them. */
export type Language = (typeof LANGUAGES)[number];

const CATALOGUES: Record<Language, () => Promise<Catalogue>> = {
  en: async () => (await import("./en.js")).en,
  de: async () => (await import("./de.js")).de,
  es: async () => (await import("./es.js")).es,
  fr: async () => (await import("./fr.js")).fr,
  ja: async () => (await import("./ja.js")).ja,
  ar: async () => (await import("./ar.js")).ar,
};

/** The first of the wanted tags (`de-AT`, say) whose language is there, else English. */
export function chooseLanguage(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const primary = tag.split("-")[0]?.toLowerCase();
    const found = LANGUAGES.find((language) => language === primary);
    if (found) return found;
  }
  return "en";
}

/** Which way the language is written. */
export function direction(language: Language): "ltr" | "rtl" {
  return language === "ar" ? "rtl" : "ltr";
}

/** The words of a language. Rejects when they can't be loaded. */
export function loadCatalogue(language: Language): Promise<Catalogue> {
  return CATALOGUES[language]();
}
