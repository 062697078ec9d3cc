// What a catalogue of words is, and how a text is made of it: the plural by `Intl.PluralRules`, numbers as the language
// writes them, and what is put in isolated, so that a name can't turn the sentence around it.

import type { en } from "./en.js";

/** The name of a text. */
export type Key = keyof typeof en;

/** A text for each plural category of the language; `{n}` is the number that picks it. */
export type Plural = Partial<Record<Intl.LDMLPluralRule, string>> & { readonly other: string };

/** All texts of one language, whose names and places are those of `Texts`. */
export type CatalogueOf<Texts> = { readonly [K in keyof Texts]: Texts[K] extends string ? string : Plural };

/** All texts that the surfaces share, in one language. */
export type Catalogue = CatalogueOf<typeof en>;

type Source<Text> = Text extends string
  ? Text
  : Text extends { readonly other: infer Other extends string }
    ? Other
    : never;
type Places<T extends string> = T extends `${string}{${infer Place}}${infer Rest}` ? Place | Places<Rest> : never;
type Values<Text> = { readonly [P in Places<Source<Text>>]: P extends "n" ? number : string };

/** Says a text of `Texts`; which values it wants is known from the English one. */
export type SayOf<Texts> = <K extends keyof Texts>(
  key: K,
  ...values: [Places<Source<Texts[K]>>] extends [never] ? [] : [Values<Texts[K]>]
) => string;

/** Says a text that the surfaces share. */
export type Say = SayOf<typeof en>;

const ISOLATE = "\u2068";
const POP = "\u2069";

/**
 * What says the texts of a catalogue.
 * @param language its BCP 47 tag, for numbers and plurals
 */
export function sayer<Texts = typeof en>(language: string, catalogue: CatalogueOf<NoInfer<Texts>>): SayOf<Texts> {
  const rules = new Intl.PluralRules(language);
  const numbers = new Intl.NumberFormat(language);
  return (key, ...given) => {
    const values: Readonly<Record<string, string | number>> = given[0] ?? {};
    const text = catalogue[key];
    const form = typeof text === "string" ? text : (text[rules.select(Number(values["n"]))] ?? text.other);
    return form.replace(/\{(\w+)\}/g, (_place, name: string) => {
      const value = values[name] ?? "";
      return typeof value === "number" ? numbers.format(value) : ISOLATE + value + POP;
    });
  };
}
