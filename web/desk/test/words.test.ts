// The desk's catalogues: every language says everything, in every plural form it has, with the same places; nothing is said
// that nobody asks for.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LANGUAGES } from "@handoff/ui";
import { describe, expect, test } from "vitest";
import { loadDeskCatalogue, loadTexts } from "../src/words/all.js";
import { en } from "../src/words/en.js";
import { sayIn } from "../src/words/say.js";

const SOURCES = fileURLToPath(new URL("../src", import.meta.url));

const forms = (text: string | object): string[] =>
  typeof text === "string" ? [text] : (Object.values(text) as string[]);
const places = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!).sort();

describe.each(LANGUAGES)("%s", (language) => {
  test("has the same keys as English, and no empty text", async () => {
    const catalogue = await loadDeskCatalogue(language);
    expect(Object.keys(catalogue)).toEqual(Object.keys(en));
    expect(
      Object.values(catalogue)
        .flatMap(forms)
        .filter((text) => !text.trim()),
    ).toEqual([]);
  });

  test("has each plural form of the language, and no other", async () => {
    const categories = new Intl.PluralRules(language).resolvedOptions().pluralCategories.sort();
    for (const [key, text] of Object.entries(await loadDeskCatalogue(language))) {
      if (typeof text !== "string") expect([key, Object.keys(text).sort()]).toEqual([key, categories]);
    }
  });

  test("fills in the same places as English", async () => {
    const catalogue: Record<string, string | { other: string }> = await loadDeskCatalogue(language);
    for (const [key, text] of Object.entries(en)) {
      const said = catalogue[key]!;
      const of = (one: string | { readonly other: string }) => places(typeof one === "string" ? one : one.other);
      expect([key, of(said)]).toEqual([key, of(text)]);
    }
  });
});

test("every text is asked for somewhere", () => {
  const files = ["model", "page", "view"].flatMap((folder) =>
    readdirSync(join(SOURCES, folder)).map((name) => join(SOURCES, folder, name)),
  );
  const text = [...files, join(SOURCES, "main.tsx")].map((file) => readFileSync(file, "utf8")).join("\n");
  expect(Object.keys(en).filter((key) => !text.includes(`"${key}"`))).toEqual([]);
});

test("the desk's texts and those of all surfaces have different names", async () => {
  const shared = await import("@handoff/ui");
  expect(Object.keys(en).filter((key) => key in shared.en)).toEqual([]);
  const say = sayIn("en", await loadTexts("en"));
  expect([say("offerFrom", { name: "Zoë" }), say("today")]).toEqual(["New offer: \u2068Zoë\u2069", "Today"]);
});
