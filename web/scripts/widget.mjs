// The widget's files: the words of each language, the app, and the loader, which knows the app by its hash.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";
import { minify } from "terser";

const WEB = fileURLToPath(new URL("..", import.meta.url));
const APP = "widget/src/entry.ts";
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

/** One script of one entry. */
async function script(entry, define = {}) {
  const { outputFiles } = await build({
    absWorkingDir: WEB,
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: "es2022",
    charset: "utf8",
    jsx: "automatic",
    jsxImportSource: "preact",
    legalComments: "none",
    plugins: [styles],
    define: Object.fromEntries(Object.entries(define).map(([name, value]) => [name, JSON.stringify(value)])),
  });
  // It finds a twentieth more than esbuild does, for every visitor of every site.
  const { code } = await minify(outputFiles[0].text, { compress: { ecma: 2020, passes: 2 }, ecma: 2020 });
  return code;
}

/** Websites load it. */
const FOR_ALL = { public: true };

/** The catalogue of a language, as it is in the sources. */
async function words(language) {
  const { outputFiles } = await build({
    absWorkingDir: WEB,
    entryPoints: [`ui/src/words/${language}.ts`],
    bundle: true,
    write: false,
    format: "esm",
    charset: "utf8",
  });
  const module = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
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

/** Builds all of it into `dist`, and gives the loader. */
export async function buildWidget(dist) {
  const files = {};
  const asking = await script(APP, { WORD_FILES: JSON.stringify(files) });
  for (const language of LANGUAGES) {
    // Other surfaces' words are not the widget's to carry.
    const all = Object.entries(await words(language));
    const used = all.filter(([key]) => asks(asking, key)).map(([key, text]) => [key, needed(text)]);
    const { path, hash } = dist.add(`widget/words-${language}.json`, JSON.stringify(Object.fromEntries(used)), FOR_ALL);
    files[language] = [path, hash];
  }
  const app = dist.add("widget/app.js", await script(APP, { WORD_FILES: JSON.stringify(files) }), FOR_ALL);
  const loader = await script("widget/src/loader/main.ts", { APP_FILE: app.path, APP_HASH: app.hash });
  return dist.add("widget/loader.js", loader, { ...FOR_ALL, at: "/widget.js" });
}
