// A module of the sources, for what the build has to know of it.

import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const WEB = fileURLToPath(new URL("..", import.meta.url));

/**
 * What a module exports.
 * @param {string} source its file below `web/`
 */
export async function imported(source) {
  const { outputFiles } = await build({
    absWorkingDir: WEB,
    entryPoints: [source],
    bundle: true,
    write: false,
    format: "esm",
    charset: "utf8",
  });
  return import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
}
