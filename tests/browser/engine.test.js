// The SDK as it is built, in the engine of React Native: Hermes, as a program of its own. It has no page, no `URL`, no
// `TextEncoder`, no `crypto`, no `Intl` and none of the language's newest parts.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));
const PACKAGES = here("node_modules/");
const PROGRAMS = { linux: "linux64-bin/hermes", darwin: "osx-bin/hermes", win32: "win64-bin/hermes.exe" };
const HERMES = join(PACKAGES, "hermes-engine-cli", PROGRAMS[/** @type {"linux"} */ (process.platform)]);

/** A program and the SDK in one file, in the language that apps are given to Hermes in: classes are functions there. */
async function lowered(/** @type {string} */ entry) {
  const web = createRequire(here("../../web/package.json"));
  const { outputFiles } = await web("esbuild").build({
    entryPoints: [entry],
    alias: { "@handoff/sdk": here("../../web/sdk/dist/index.js") },
    bundle: true,
    format: "iife",
    target: "es2022",
    write: false,
  });
  const typescript = web("typescript");
  const compilerOptions = {
    target: typescript.ScriptTarget.ES5,
    downlevelIteration: true,
    ignoreDeprecations: "6.0",
    allowJs: true,
  };
  return typescript.transpileModule(outputFiles[0].text, { compilerOptions, fileName: "story.js" }).outputText;
}

test("in React Native's engine nothing is lost or doubled over losses, a restart of the app and blocked sockets", async () => {
  const folder = mkdtempSync(join(tmpdir(), "handoff-engine-"));
  try {
    const file = join(folder, "story.js");
    writeFileSync(file, await lowered(here("engine/story.js")));
    const { stdout } = await run(HERMES, ["-Xmicrotask-queue", "-w", file], { timeout: 120_000 });
    const texts = [
      "half \ufffd of one, and a whole 🦊",
      "its answer is lost",
      "said while no node is there",
      "over HTTP",
    ];
    assert.deepEqual(JSON.parse(stdout), {
      waiting: ["waiting"],
      texts,
      shown: texts,
      connection: "open",
      transport: "polling",
      pending: [],
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
