// The customer's page, on which the widget fills the window, and a small website that embeds it by its tag.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { transform } from "esbuild";
import { addPage } from "./page.mjs";

const WEB = fileURLToPath(new URL("..", import.meta.url));
/** The widget names its script's address by this policy. */
const TRUSTS = "handoff";

async function minified(source, loader) {
  const { code } = await transform(await readFile(`${WEB}${source}`, "utf8"), {
    loader,
    minify: true,
    target: "es2022",
  });
  return code;
}

/**
 * Builds all of it into `dist`.
 * @param {{path: string}} loader the widget's
 * @param {{path: string}} icon
 */
export async function buildCustomerPages(dist, loader, icon) {
  const page = {
    "loader.js": loader,
    "icon.svg": icon,
    "page.css": dist.add("customer/page.css", await minified("widget/src/page.css", "css")),
    "page.js": dist.add("customer/page.js", await minified("widget/src/page.ts", "ts")),
  };
  await addPage(
    dist,
    "widget/src/page.html",
    "customer/page.html",
    { page: "/", trusts: TRUSTS, pictures: true },
    page,
  );
  const site = {
    "icon.svg": icon,
    "site.css": dist.add("examples/site.css", await minified("examples/site/site.css", "css")),
  };
  for (const [name, at] of [
    ["index", "/examples/site"],
    ["delivery", "/examples/site/delivery"],
  ]) {
    const serving = { page: at, trusts: TRUSTS, pictures: true };
    await addPage(dist, `examples/site/${name}.html`, `examples/site/${name}.html`, serving, site);
  }
}
