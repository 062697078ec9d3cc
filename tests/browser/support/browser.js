// One browser for all tests of a file: Debian's Chromium, or the one that HANDOFF_CHROMIUM names; for one test Debian's Firefox.

import { existsSync } from "node:fs";
import { chromium, firefox } from "playwright-core";

/** @typedef {import("playwright-core").Page} Page */

const CANDIDATES = [process.env.HANDOFF_CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser"];
const FIREFOXES = [process.env.HANDOFF_FIREFOX, "/usr/bin/firefox-esr"];

/** What Chromium and Firefox write down of a node that does not answer. */
const UNREACHABLE =
  /WebSocket connection|net::ERR_|Failed to load resource|establish a connection to the server|was interrupted while/;

/** How long a condition may take before the test fails; never how long it should take. */
export const PATIENCE_MS = 120_000;

export function chromiumPath() {
  const path = CANDIDATES.find((path) => path && existsSync(path));
  if (!path) throw new Error("no Chromium: apt-get install chromium, or set HANDOFF_CHROMIUM");
  return path;
}

export const ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage"];

export async function launch() {
  return chromium.launch({ executablePath: chromiumPath(), args: ARGUMENTS });
}

/** Firefox as Debian ships it, or the one that HANDOFF_FIREFOX names. */
export async function launchFirefox() {
  const executablePath = FIREFOXES.find((path) => path && existsSync(path));
  if (!executablePath) throw new Error("no Firefox: apt-get install firefox-esr, or set HANDOFF_FIREFOX");
  // The channel's name is what makes Playwright speak WebDriver BiDi: it drives no other Firefox that is not its own.
  return firefox.launch({ channel: "moz-firefox", executablePath, timeout: PATIENCE_MS });
}

/**
 * A window of its own, with storage of its own; the test fails when its page throws or its policy is hurt.
 * @param {import("playwright-core").Browser} browser
 * @param {import("playwright-core").BrowserContextOptions} [options]
 */
export async function newWindow(browser, options = {}) {
  const context = await browser.newContext({ locale: "en-US", viewport: { width: 480, height: 800 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  /** @type {string[]} */
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (line) => {
    const text = line.text();
    // A node that was killed refuses connections: the browser writes that down, and it is what these tests are about.
    if (line.type() === "error" && !UNREACHABLE.test(text)) complaints.push(text);
  });
  return { page, context, complaints };
}

/**
 * Waits until it is so.
 * @template T
 * @param {string} what
 * @param {() => T | Promise<T>} check
 * @returns {Promise<NonNullable<T>>}
 */
export async function until(what, check) {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await check();
    if (found) return /** @type {NonNullable<T>} */ (found);
    if (Date.now() > deadline) throw new Error(`timed out: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}
