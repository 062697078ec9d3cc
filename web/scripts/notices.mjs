// What is others' work in a script, and the licences under which it may be handed out: they are handed out with it.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const OWN = "Handoff is under the Apache License 2.0. What follows is the work of others that these scripts contain.\n";
const PACKAGE = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//;

/**
 * The packages that scripts were built from, as folders.
 * @param {readonly {inputs: Record<string, unknown>}[]} metafiles esbuild's
 * @returns {string[]}
 */
export function packages(metafiles) {
  const folders = metafiles.flatMap(({ inputs }) => Object.keys(inputs).map((path) => PACKAGE.exec(path)?.[1]));
  return [...new Set(folders.filter((folder) => folder !== undefined))].sort();
}

/**
 * The notices of all of them, as one text. Rejects when a package comes without the text of its licence.
 * @param {string} web the folder that the metafiles' paths begin at
 * @param {readonly {inputs: Record<string, unknown>}[]} metafiles
 * @returns {Promise<string>}
 */
export async function notices(web, metafiles) {
  const all = await Promise.all(packages(metafiles).map((folder) => notice(join(web, folder))));
  return [OWN, ...all].join(`\n${"-".repeat(80)}\n\n`);
}

async function notice(folder) {
  const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const files = (await readdir(folder)).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file)).sort();
  if (!files.some((file) => /^(licen|copy)/i.test(file))) {
    throw new Error(`${name} has no file with its licence in ${folder}: it can't be handed out without`);
  }
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  return [`${name} ${version} (${license})\n`, ...texts.map((text) => `${text.trim()}\n`)].join("\n");
}
