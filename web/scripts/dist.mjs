// What is built: files with their content's hash in their names, each beside its gzip and brotli forms, and a manifest
// by which the server finds them and knows whom each is for.

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const TYPES = {
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  json: "application/json",
  html: "text/html; charset=utf-8",
  svg: "image/svg+xml",
  txt: "text/plain; charset=utf-8",
};
const NAME_HASH_LENGTH = 10;

/**
 * How the server hands a file out. Without any of it: under its own path, to pages of its own origin.
 * @typedef {object} Serving
 * @property {boolean} [public] pages of any site may use it
 * @property {string} [at] an address that stays, such as `/widget.js`, and gives this file
 * @property {string} [page] the address at which it is shown as a page
 * @property {boolean} [pictures] for a page: it shows pictures of other hosts, as rich messages have them
 * @property {string} [trusts] for a page: the trusted types policies that its scripts may make; none without it
 */

/** The folder of what is built. */
export class Dist {
  #files = [];

  /** @param {string} folder emptied */
  constructor(folder) {
    this.folder = folder;
    rmSync(folder, { recursive: true, force: true });
  }

  /**
   * Writes a file.
   * @param {string} name its path without the hash: `widget/app.js`
   * @param {string} text
   * @param {Serving} [serving]
   * @returns {{path: string, hash: string}} its path, and its hash as `integrity` attributes have it
   */
  add(name, text, serving = {}) {
    const bytes = Buffer.from(text);
    const digest = createHash("sha256").update(bytes).digest();
    const dot = name.lastIndexOf(".");
    const short = digest.toString("hex").slice(0, NAME_HASH_LENGTH);
    // Where a page is stays; what it names has a hash.
    const path = serving.page ? name : `${name.slice(0, dot)}.${short}${name.slice(dot)}`;
    const file = join(this.folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
    writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
    const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
    writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params }));
    const hash = `sha256-${digest.toString("base64")}`;
    const type = TYPES[name.slice(dot + 1)];
    if (!type) throw new Error(`scripts/dist.mjs knows no type for ${name}`);
    this.#files.push({ path, type, hash, immutable: !serving.page, public: false, ...serving });
    return { path, hash };
  }

  /** Writes the manifest. */
  finish() {
    const files = this.#files.toSorted?.((a, b) => (a.path < b.path ? -1 : 1)) ?? this.#files;
    writeFileSync(join(this.folder, "manifest.json"), `${JSON.stringify({ files }, null, 2)}\n`);
  }
}
