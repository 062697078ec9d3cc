// Pages of the server's origin: HTML that names built files by what they are called without their hashes.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const WEB = fileURLToPath(new URL("..", import.meta.url));

/**
 * Adds a page.
 * @param dist
 * @param {string} source its file below `web/`
 * @param {string} name
 * @param {import("./dist.mjs").Serving} serving
 * @param {Record<string, {path: string}>} files what it names, as `%NAME%`
 */
export async function addPage(dist, source, name, serving, files) {
  const text = await readFile(`${WEB}${source}`, "utf8");
  const named = text.replace(/%([\w.-]+)%/g, (_whole, file) => {
    if (!files[file]) throw new Error(`${source} names ${file}, which is not built`);
    return `/${files[file].path}`;
  });
  dist.add(name, named, serving);
}
