// The types of all frames, made from the schemas of the sockets, which in turn are made from the server's code.

import { readFile } from "node:fs/promises";
import { compile } from "json-schema-to-typescript";
import { format } from "prettier";

const SCHEMAS = new URL("../../../docs/schema/", import.meta.url);
const TYPES = new URL("../src/protocol/", import.meta.url);

/** Each schema, and where its types lie. */
export const PROTOCOLS = [
  { schema: new URL("customer-socket.json", SCHEMAS), types: new URL("customer.ts", TYPES) },
  { schema: new URL("agent-socket.json", SCHEMAS), types: new URL("agent.ts", TYPES) },
];

/**
 * The types of a schema, as text.
 * @param {URL} schema
 */
export async function typesOf(schema) {
  const name = schema.pathname.split("/").at(-1);
  const types = await compile(JSON.parse(await readFile(schema, "utf8")), "Socket", {
    additionalProperties: false,
    bannerComment: `// Made from docs/schema/${name} by \`npm run generate\`: change the server, not this file.`,
    format: false,
    unknownAny: true,
  });
  return format(types, { parser: "typescript", printWidth: 120 });
}
