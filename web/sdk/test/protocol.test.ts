// The types of the frames are what the schemas give.

import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { PROTOCOLS, typesOf } from "../scripts/protocol.mjs";

describe("the types of the frames", () => {
  test.each(PROTOCOLS)("are those of $schema.pathname", async ({ schema, types }) => {
    expect(await readFile(types, "utf8"), "run `npm run generate`").toBe(await typesOf(schema));
  });
});
