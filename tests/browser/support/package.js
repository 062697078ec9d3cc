// The SDK as a user of npm gets it: packed, and installed in a project of its own.

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
const WEB = join(ROOT, "web");
const EXAMPLES = ["node.mjs", "customer.mjs", "agent.mjs"];
const WS = dirname(createRequire(import.meta.url).resolve("ws/package.json"));

/** A project that has installed the SDK's tarball and `ws`, with the examples beside. */
export class Project {
  folder = mkdtempSync(join(tmpdir(), "handoff-sdk-"));

  constructor() {
    const packed = join(this.folder, "packed");
    mkdirSync(packed);
    this.#npm(WEB, ["pack", "--workspace", "sdk", "--pack-destination", packed]);
    const [tarball] = readdirSync(packed);
    writeFileSync(
      join(this.folder, "package.json"),
      JSON.stringify({ name: "project", private: true, type: "module" }),
    );
    this.#npm(this.folder, ["install", "--offline", join(packed, tarball), WS]);
    for (const name of EXAMPLES) copyFileSync(join(WEB, "examples", name), join(this.folder, name));
  }

  /** @returns {Promise<any>} what the package exports */
  sdk() {
    return import(pathToFileURL(join(this.folder, "node_modules/@handoff/sdk/dist/index.js")).href);
  }

  /** The files of the package, as paths. */
  files() {
    const at = join(this.folder, "node_modules/@handoff/sdk");
    return readdirSync(at, { recursive: true }).map(String);
  }

  remove() {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /**
   * @param {string} cwd
   * @param {string[]} what
   */
  #npm(cwd, what) {
    execFileSync("npm", [...what, "--silent", "--no-audit", "--no-fund"], {
      cwd,
      stdio: ["ignore", "ignore", "inherit"],
    });
  }
}
