// A window with the agents' desk over a scripted server, for the tests of the page.

import assert from "node:assert/strict";
import { newWindow } from "./browser.js";
import { DESK_SITE, DeskServer } from "./desk.js";

/** @typedef {import("playwright-core").Page} Page */

/**
 * @typedef {object} How
 * @property {DeskServer} [server]
 * @property {string} [lang]
 * @property {(context: import("playwright-core").BrowserContext) => Promise<void>} [before] the page is opened
 * @property {import("playwright-core").BrowserContextOptions} [options]
 */

/**
 * Opens the page; the last of `cleanups` ends it, and fails where the page complained.
 * @param {import("playwright-core").Browser} browser
 * @param {Array<() => Promise<void>>} cleanups
 * @param {How} [how]
 */
export async function openDesk(browser, cleanups, { server = new DeskServer(), lang = "en", before, options } = {}) {
  const size = { width: 1440, height: 900 };
  const { page, context, complaints } = await newWindow(browser, { viewport: size, ...options });
  await server.serve(context);
  cleanups.push(async () => {
    server.stop();
    await context.close();
    assert.deepEqual(complaints, []);
  });
  await before?.(context);
  await page.goto(`${DESK_SITE}/agent?lang=${lang}`);
  return { page, context, server };
}

/**
 * Opens the page and signs in, in any language.
 * @param {import("playwright-core").Browser} browser
 * @param {Array<() => Promise<void>>} cleanups
 * @param {How} [how]
 */
export async function signedInDesk(browser, cleanups, how) {
  const opened = await openDesk(browser, cleanups, how);
  const { page } = opened;
  await page.locator("input[name=name]").fill("ann");
  await page.locator("input[name=password]").fill("secret");
  await page.locator("form button[type=submit]").click();
  await page.locator(".desk").waitFor();
  return opened;
}
