// Others' work is handed out with its licences: in the widget and in the desk, whatever packages they come to be made of.

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { buildDesk } from "../../scripts/desk.mjs";
import { notices, packages } from "../../scripts/notices.mjs";
import { buildWidget, type Files } from "../../scripts/widget.mjs";

const HASH = `sha256-${"0".repeat(44)}`;

/** What is built, by its name. */
class Built implements Files {
  readonly texts = new Map<string, { text: string; at: string }>();

  add(name: string, text: string, serving: { at?: string } = {}) {
    this.texts.set(name, { text, at: serving.at ?? "" });
    return { path: name, hash: HASH };
  }
}

test.each([
  ["widget", "widget/app.js", (built: Built) => buildWidget(built)],
  ["desk", "desk/desk.js", (built: Built) => buildDesk(built, { path: "icon.svg" })],
])(
  "the %s names its licences, and they are of all that is in it",
  async (surface, script, build) => {
    const built = new Built();
    await build(built);
    const licenses = built.texts.get(`${surface}/licenses.txt`)!;
    expect(licenses.at).toBe(`/${surface}/licenses.txt`);
    expect(built.texts.get(script)!.text).toContain(licenses.at);
    for (const name of ["preact", "@preact/signals-core"]) {
      expect(licenses.text).toMatch(new RegExp(`^${name} [0-9.]+ \\(MIT\\)$`, "m"));
    }
    expect(licenses.text.match(/Permission is hereby granted/g)!.length).toBeGreaterThan(1);
  },
  60_000,
);

test("packages are found whatever is above them, once", () => {
  const inputs = {
    "src/a.ts": {},
    "node_modules/p/x.js": {},
    "node_modules/p/y.js": {},
    "sdk/node_modules/@q/r/z.js": {},
  };
  expect(packages([{ inputs }])).toEqual(["node_modules/p", "sdk/node_modules/@q/r"]);
});

test("a package that comes without the text of its licence is not built in", async () => {
  const web = await mkdtemp(join(tmpdir(), "handoff-notices-"));
  const folder = join(web, "node_modules/p");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "package.json"), '{"name": "p", "version": "1.0.0", "license": "MIT"}');
  const metafiles = [{ inputs: { "node_modules/p/x.js": {} } }];
  await expect(notices(web, metafiles)).rejects.toThrow("p has no file with its licence");
  await writeFile(join(folder, "LICENSE.md"), "Do as you like.");
  expect(await notices(web, metafiles)).toContain("p 1.0.0 (MIT)\n\nDo as you like.\n");
  await rm(web, { recursive: true });
});
