// The rules of accessibility, as axe-core checks them.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/**
 * What breaks a rule on a page as it is now.
 * @param {import("playwright-core").Page} page
 * @param {string} [within] a selector; without it the whole page
 * @returns {Promise<string[]>}
 */
export async function violations(page, within) {
  await page.evaluate(AXE);
  return page.evaluate(async (selector) => {
    // @ts-expect-error axe is what the script before has made
    const found = await axe.run(selector ? { include: [[selector]] } : document);
    return found.violations.map((/** @type {any} */ one) => `${one.id}: ${one.nodes[0].html}`);
  }, within);
}
