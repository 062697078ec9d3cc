// How the desk speaks: the texts that all surfaces share, and its own, in the agent's language.

import { sayer, type CatalogueOf, type en as shared, type Language, type SayOf } from "@handoff/ui";
import type { en } from "./en.js";

/** The desk's own texts in one language. */
export type DeskCatalogue = CatalogueOf<typeof en>;

/** All texts that the desk says, in one language. */
export type DeskTexts = CatalogueOf<typeof shared & typeof en>;

/** Says one of them. */
export type Say = SayOf<typeof shared & typeof en>;

/** What says the texts of a language. */
export function sayIn(language: Language, texts: DeskTexts): Say {
  return sayer<typeof shared & typeof en>(language, texts);
}
