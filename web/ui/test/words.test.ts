// The catalogues: every language says everything, in every plural form it has, with the same places; nothing is said that
// nobody asks for.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { sayer, type Catalogue, type Plural } from "../src/words/catalogue.js";
import { chooseLanguage, LANGUAGES, loadCatalogue } from "../src/words/languages.js";
import { en } from "../src/words/en.js";

const WEB = fileURLToPath(new URL("../..", import.meta.url));

const forms = (text: string | Plural): string[] => (typeof text === "string" ? [text] : Object.values(text));
const places = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!).sort();

/** All texts of source files below a folder, without the catalogues. */
function sources(folder: string): string {
  let text = "";
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !["words", "node_modules", "dist", "test"].includes(entry.name)) text += sources(path);
    else if (entry.isFile() && /\.tsx?$/.test(entry.name)) text += readFileSync(path, "utf8");
  }
  return text;
}

describe.each(LANGUAGES)("%s", (language) => {
  test("has the same keys as English, and no empty text", async () => {
    const catalogue = await loadCatalogue(language);
    expect(Object.keys(catalogue).sort()).toEqual(Object.keys(en).sort());
    expect(
      Object.values(catalogue)
        .flatMap(forms)
        .filter((text) => !text.trim()),
    ).toEqual([]);
  });

  test("has each plural form of the language, and no other", async () => {
    const categories = new Intl.PluralRules(language).resolvedOptions().pluralCategories.sort();
    for (const [key, text] of Object.entries(await loadCatalogue(language))) {
      if (typeof text !== "string") expect([key, Object.keys(text).sort()]).toEqual([key, categories]);
    }
  });

  test("fills in the same places as English", async () => {
    const catalogue: Catalogue = await loadCatalogue(language);
    for (const [key, text] of Object.entries(en)) {
      const wanted = places(typeof text === "string" ? text : text.other);
      const said = catalogue[key as keyof typeof en];
      expect([key, places(typeof said === "string" ? said : said.other)]).toEqual([key, wanted]);
      // "One minute" may do without its number.
      const strange = forms(said)
        .flatMap(places)
        .filter((place) => !wanted.includes(place));
      expect([key, strange]).toEqual([key, []]);
    }
  });
});

test("every text is asked for somewhere", () => {
  const text = ["ui", "widget", "desk"]
    .map((name) => join(WEB, name, "src"))
    .filter((folder) => readdirSync(WEB).includes(folder.split("/").at(-2)!))
    .map(sources)
    .join("");
  const unused = Object.keys(en).filter((key) => !text.includes(`"${key}"`));
  expect(unused).toEqual([]);
});

test("the plural form is the number's, and the number is written as the language writes it", async () => {
  const say = sayer("en", await loadCatalogue("en"));
  expect(say("newMessages", { n: 1 })).toBe("1 new message");
  expect(say("notSentTooLong", { n: 1204 })).toBe("Not sent: 1,204 characters too long");
  const arabic = sayer("ar", await loadCatalogue("ar"));
  expect(arabic("beforeYou", { n: 2 })).toBe("شخصان قبلك.");
  expect(arabic("beforeYou", { n: 0 })).toBe("لا أحد قبلك.");
});

test("what is put in is isolated, so that it can't turn the sentence", async () => {
  const say = sayer("en", await loadCatalogue("en"));
  expect(say("joined", { name: "أحمد" })).toBe("\u2068أحمد\u2069 is here now");
});

test("the language is the first wanted one that is there", () => {
  expect(chooseLanguage(["pt-BR", "de-AT", "fr"])).toBe("de");
  expect(chooseLanguage(["pt"])).toBe("en");
  expect(chooseLanguage([])).toBe("en");
});
