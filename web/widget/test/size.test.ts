// The widget stays small: what a page loads at once, and what a visitor loads who opens the chat.

import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { buildWidget } from "../../scripts/widget.mjs";

const LOADER_BYTES_MAX = 5000;
const ALL_BYTES_MAX = 45_000;

test("the loader has less than 5 kB, and all that one visitor loads less than 45 kB, by gzip", async () => {
  const sizes = new Map<string, number>();
  await buildWidget({
    add(name, text) {
      sizes.set(name, gzipSync(text, { level: 9 }).length);
      // As hard to pack as they are where it is built.
      const hash = createHash("sha256").update(text).digest();
      const path = name.replace(".", `.${hash.toString("hex").slice(0, 10)}.`);
      return { path, hash: `sha256-${hash.toString("base64")}` };
    },
  });
  const loader = sizes.get("widget/loader.js")!;
  const app = sizes.get("widget/app.js")!;
  const words = Math.max(...[...sizes].filter(([name]) => name.includes("words-")).map(([, size]) => size));
  expect(loader).toBeLessThan(LOADER_BYTES_MAX);
  expect(loader + app + words).toBeLessThan(ALL_BYTES_MAX);
}, 60_000);
