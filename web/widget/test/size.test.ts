// The widget stays small: what a page loads at once, and what a visitor loads who opens the chat; and what the build does to
// the words for that.

import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { beforeAll, expect, test } from "vitest";
import { en, LANGUAGES, loadCatalogue } from "@handoff/ui";
import { buildWidget } from "../../scripts/widget.mjs";

const LOADER_BYTES_MAX = 5000;
const ALL_BYTES_MAX = 45_000;

type Text = string | { readonly other: string };

/** What is built, by its name. */
const built = new Map<string, string>();
beforeAll(async () => {
  await buildWidget({
    add(name, text) {
      built.set(name, text);
      // As hard to pack as they are where it is built.
      const hash = createHash("sha256").update(text).digest();
      const path = name.replace(".", `.${hash.toString("hex").slice(0, 10)}.`);
      return { path, hash: `sha256-${hash.toString("base64")}` };
    },
  });
}, 60_000);

test("the loader has less than 5 kB, and all that one visitor loads less than 45 kB, by gzip", () => {
  const size = (name: string): number => gzipSync(built.get(name)!, { level: 9 }).length;
  const words = Math.max(...[...built.keys()].filter((name) => name.includes("words-")).map(size));
  expect(size("widget/loader.js")).toBeLessThan(LOADER_BYTES_MAX);
  expect(size("widget/loader.js") + size("widget/app.js") + words).toBeLessThan(ALL_BYTES_MAX);
});

test("the app asks by number for what only words are called, and the number is the same text in each language", async () => {
  const app = built.get("widget/app.js")!;
  const long = Object.keys(en).filter((key) => /[A-Z]/.test(key));
  expect(long.filter((key) => app.includes(`"${key}"`))).toEqual([]);
  const text = (one: Text): string => (typeof one === "string" ? one : one.other);
  const numbered = (language: string): string[] => {
    const [texts] = JSON.parse(built.get(`widget/words-${language}.json`)!) as [Text[]];
    return texts.map(text);
  };
  const english = numbered("en");
  expect(english.filter((_text, number) => !app.includes(`"${number}"`))).toEqual([]);
  for (const language of LANGUAGES) {
    const catalogue = await loadCatalogue(language);
    const same = numbered(language).map((said, number) =>
      long.some(
        (key) => text(en[key as keyof typeof en]) === english[number] && text(catalogue[key as "edit"]) === said,
      ),
    );
    expect([language, same.length, same.includes(false)]).toEqual([language, english.length, false]);
  }
});
