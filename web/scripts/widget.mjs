// The widget's files: the words of each language, the app, and the loader, which knows the app by its hash.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";
import { minify } from "terser";
import { imported } from "./imported.mjs";
import { notices, packages } from "./notices.mjs";

const WEB = fileURLToPath(new URL("..", import.meta.url));
const APP = "widget/src/entry.ts";
/** Where the licences of others' work in it are. */
const LICENSES_AT = "/widget/licenses.txt";
const LANGUAGES = ["en", "de", "es", "fr", "ja", "ar"];

/** Style sheets become texts, without what only people read. */
const styles = {
  name: "styles as text",
  setup(given) {
    given.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, "utf8"), { loader: "css", minify: true });
      // A custom property's blank is part of its value, and of none of ours.
      return { contents: code.trimEnd().replace(/(--[\w-]+): /g, "$1:"), loader: "text" };
    });
  },
};

/** One script of one entry, and what it was built from. */
async function script(entry, define = {}) {
  const { outputFiles, metafile } = await build({
    absWorkingDir: WEB,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: "iife",
    target: "es2022",
    charset: "utf8",
    jsx: "automatic",
    jsxImportSource: "preact",
    legalComments: "none",
    plugins: [styles],
    define: Object.fromEntries(Object.entries(define).map(([name, value]) => [name, JSON.stringify(value)])),
  });
  const others = packages([metafile]).length > 0;
  // It finds a twentieth more than esbuild does, for every visitor of every site.
  const { code } = await minify(outputFiles[0].text, {
    compress: { ecma: 2020, passes: 3, unsafe_arrows: true, keep_fargs: false },
    ecma: 2020,
    ...(others && { format: { preamble: `/*! Licenses: ${LICENSES_AT} */` } }),
  });
  return { text: code, metafile };
}

/** Websites load it. */
const FOR_ALL = { public: true };

/** The catalogue of a language, as it is in the sources. */
async function words(language) {
  const module = await imported(`ui/src/words/${language}.ts`);
  return module[language];
}

/** A text without the plural forms that are as the one which is taken where there is none. */
function needed(text) {
  if (typeof text === "string") return text;
  return Object.fromEntries(Object.entries(text).filter(([form, words]) => form === "other" || words !== text.other));
}

/** Whether a script asks for a text. */
function asks(text, key) {
  return ['"', "'", "`"].some((quote) => text.includes(quote + key + quote));
}

/** A script that has for each of these keys its number, as a text. */
function numbered(text, keys) {
  const numbers = new Map(keys.map((key, number) => [key, number]));
  return text.replace(/(["'`])(\w+)\1/g, (literal, quote, key) =>
    numbers.has(key) ? quote + numbers.get(key) + quote : literal,
  );
}

/** Builds all of it into `dist`, and gives the loader. */
export async function buildWidget(dist) {
  const { text: asking } = await script(APP, { WORD_FILES: {} });
  // Other surfaces' words are not the widget's to carry.
  const keys = Object.keys(await words("en")).filter((key) => asks(asking, key));
  // Visitors load no names that only words have. One without a capital letter may name something else, too: "message".
  const short = keys.filter((key) => /[A-Z]/.test(key));
  const files = {};
  for (const language of LANGUAGES) {
    const all = await words(language);
    const byName = keys.filter((key) => !short.includes(key)).map((key) => [key, needed(all[key])]);
    const texts = [short.map((key) => needed(all[key])), Object.fromEntries(byName)];
    const { path, hash } = dist.add(`widget/words-${language}.json`, JSON.stringify(texts), FOR_ALL);
    files[language] = [path, hash];
  }
  const app = await script(APP, { WORD_FILES: files });
  const { path, hash } = dist.add("widget/app.js", numbered(app.text, short), FOR_ALL);
  const loader = await script("widget/src/loader/main.ts", { APP_FILE: path, APP_HASH: hash });
  const licenses = await notices(WEB, [app.metafile, loader.metafile]);
  dist.add("widget/licenses.txt", licenses, { ...FOR_ALL, at: LICENSES_AT });
  return dist.add("widget/loader.js", loader.text, { ...FOR_ALL, at: "/widget.js" });
}
