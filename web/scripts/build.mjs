// Builds what the server hands out: `npm run build`.

import { fileURLToPath } from "node:url";
import { buildDesk } from "./desk.mjs";
import { Dist } from "./dist.mjs";
import { buildWidget } from "./widget.mjs";

const dist = new Dist(fileURLToPath(new URL("../dist", import.meta.url)));
await buildWidget(dist);
await buildDesk(dist, "/");
dist.finish();
