// Builds what the server hands out: `npm run build`.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { buildCustomerPages } from "./customer.mjs";
import { buildDesk } from "./desk.mjs";
import { Dist } from "./dist.mjs";
import { buildWidget } from "./widget.mjs";

const WEB = fileURLToPath(new URL("..", import.meta.url));

const dist = new Dist(`${WEB}dist`);
const icon = dist.add("icon.svg", await readFile(`${WEB}icon.svg`, "utf8"));
await buildCustomerPages(dist, await buildWidget(dist), icon);
await buildDesk(dist, icon);
dist.finish();
