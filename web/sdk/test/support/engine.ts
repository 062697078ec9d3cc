// What tests take for granted that Node 18 does not have: it is given to clients there as an option.

import { webcrypto } from "node:crypto";

if (!("crypto" in globalThis)) Object.defineProperty(globalThis, "crypto", { value: webcrypto, configurable: true });
