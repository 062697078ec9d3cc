// The desk's files: one script, one style sheet, its sign, and the page that names them.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const WEB = fileURLToPath(new URL("..", import.meta.url));
/** In the order they count in. */
const STYLES = [
  "ui/src/styles/tokens.css",
  "ui/src/styles/base.css",
  "ui/src/styles/conversation.css",
  "ui/src/styles/work.css",
  "desk/src/styles/desk.css",
  "desk/src/styles/details.css",
];

/** The page's script. */
async function script() {
  const { outputFiles } = await build({
    absWorkingDir: WEB,
    entryPoints: ["desk/src/main.tsx"],
    tsconfig: "desk/tsconfig.json",
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
  });
  return outputFiles[0].text;
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
 * @param {string} base where the server hands the files out, such as `/`
 */
export async function buildDesk(dist, base) {
  const made = {
    "desk.css": dist.add("desk/desk.css", await styles()),
    "desk.js": dist.add("desk/desk.js", await script()),
    "icon.svg": dist.add("desk/icon.svg", await readFile(`${WEB}desk/src/icon.svg`, "utf8")),
  };
  let page = await readFile(`${WEB}desk/src/agent.html`, "utf8");
  for (const [name, { path }] of Object.entries(made)) page = page.replace(`%${name}%`, base + path);
  dist.add("desk/agent.html", page, "desk-page");
}
