// The desk's files: one script, one style sheet, the words of each language, and the page.

import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { imported } from "./imported.mjs";
import { notices } from "./notices.mjs";
import { addPage } from "./page.mjs";

const WEB = fileURLToPath(new URL("..", import.meta.url));
/** Where the licences of others' work in it are. */
const LICENSES_AT = "/desk/licenses.txt";
/** In the order they count in. */
const STYLES = [
  "ui/src/styles/tokens.css",
  "ui/src/styles/base.css",
  "ui/src/styles/conversation.css",
  "ui/src/styles/work.css",
  "desk/src/styles/desk.css",
  "desk/src/styles/details.css",
];

/**
 * The page's script, and what it was built from.
 * @param {Record<string, string>} words the path of each language's words
 */
async function script(words) {
  const { outputFiles, metafile } = await build({
    absWorkingDir: WEB,
    metafile: true,
    entryPoints: ["desk/src/main.tsx"],
    tsconfig: "desk/tsconfig.json",
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    define: { WORD_FILES: JSON.stringify(words) },
    banner: { js: `/*! Licenses: ${LICENSES_AT} */` },
  });
  return { text: outputFiles[0].text, metafile };
}

/** Adds the words of each language, and gives their paths. */
async function addWords(dist) {
  const { LANGUAGES, loadTexts } = await imported("desk/src/words/all.ts");
  const paths = {};
  for (const language of LANGUAGES) {
    paths[language] = dist.add(`desk/words-${language}.json`, JSON.stringify(await loadTexts(language))).path;
  }
  return paths;
}

/** All style sheets as one. */
async function styles() {
  const { outputFiles } = await build({
    absWorkingDir: WEB,
    stdin: { contents: STYLES.map((path) => `@import "./${path}";`).join("\n"), resolveDir: WEB, loader: "css" },
    bundle: true,
    minify: true,
    write: false,
    target: "es2022",
  });
  return outputFiles[0].text;
}

/**
 * Builds all of it into `dist`.
 * @param {{path: string}} icon
 */
export async function buildDesk(dist, icon) {
  const { text, metafile } = await script(await addWords(dist));
  dist.add("desk/licenses.txt", await notices(WEB, [metafile]), { at: LICENSES_AT });
  const names = {
    "desk.css": dist.add("desk/desk.css", await styles()),
    "desk.js": dist.add("desk/desk.js", text),
    "icon.svg": icon,
  };
  await addPage(dist, "desk/src/agent.html", "desk/agent.html", { page: "/agent" }, names);
}
