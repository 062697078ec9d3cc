// axe-core over a page that trusts no script but its own: it is brought in by the debugger, past the page's policy.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const SOURCE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/**
 * What breaks a rule of axe-core on the page as it is now.
 * @param {import("playwright-core").Page} page
 * @param {string} [within] a selector; without it the whole page
 * @returns {Promise<string[]>}
 */
export async function violations(page, within) {
  const place = within ? JSON.stringify({ include: [[within]] }) : "document";
  const run = `axe.run(${place}, { resultTypes: ["violations"] }).then(({ violations }) => JSON.stringify(violations.map(
    ({ id, nodes }) => [id, ...nodes.map(({ html, failureSummary }) => html.slice(0, 200) + " " + failureSummary)])))`;
  // What is fading in has no contrast of its own yet.
  await page.evaluate(() => Promise.all(document.getAnimations().map(({ finished }) => finished)));
  const debug = await page.context().newCDPSession(page);
  await debug.send("Runtime.evaluate", { expression: SOURCE });
  const { result } = await debug.send("Runtime.evaluate", { expression: run, awaitPromise: true });
  await debug.detach();
  return JSON.parse(String(result.value));
}

/**
 * Fails where axe-core finds anything on the page as it is now.
 * @param {import("playwright-core").Page} page
 * @param {string} state what the page shows, for the failure's words
 */
export async function accessible(page, state) {
  assert.deepEqual(await violations(page), [], state);
}
