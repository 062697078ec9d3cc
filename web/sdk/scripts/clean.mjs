// Takes away what was built before: what is no longer made must not be packed.

import { rm } from "node:fs/promises";

await rm(new URL("../dist", import.meta.url), { recursive: true, force: true });
