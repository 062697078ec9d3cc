// Writes the types of all frames anew.

import { writeFile } from "node:fs/promises";
import { PROTOCOLS, typesOf } from "./protocol.mjs";

for (const { schema, types } of PROTOCOLS) await writeFile(types, await typesOf(schema));
