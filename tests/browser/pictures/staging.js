// What makes a picture the same each time: the clock stands still, nothing moves, and the servers are scripted.

import { test as base } from "@playwright/test";
import { builtFile } from "../support/dist.js";
import { DESK_SITE, DeskServer } from "../support/desk.js";
import { NODE, Server } from "../support/widget.js";

/** @typedef {import("@playwright/test").Page} Page */

/** Thursday, 12 March 2026, 14:05 UTC. */
export const NOW = Date.UTC(2026, 2, 12, 14, 5);
export const MINUTE = 60_000;

/** The windows that pages are looked at in. */
const SIZES = /** @type {const} */ ({
  1440: { width: 1440, height: 900 },
  1024: { width: 1024, height: 768 },
  390: { width: 390, height: 844 },
});

/**
 * How a page is looked at: how wide, light or dark, in which language.
 * @typedef {{width: 1440 | 1024 | 390, scheme?: "light" | "dark", lang?: string}} Look
 */

/** Light, dark and right to left in each width. @type {Look[]} */
export const LOOKS = /** @type {const} */ ([1440, 1024, 390]).flatMap((width) => [
  { width },
  { width, scheme: /** @type {const} */ ("dark") },
  { width, lang: "ar" },
]);

/**
 * The name of a picture.
 * @param {string} what
 * @param {Look} look
 */
export const named = (what, { width, scheme = "light", lang = "en" }) =>
  `${what}-${width}-${lang === "ar" ? "rtl" : scheme}.png`;

/** @typedef {(look: Look) => Promise<{context: import("@playwright/test").BrowserContext, page: Page, ends: Array<() => void>}>} LookAt */

/** With a window as it is to be looked at. */
export const test = base.extend(
  /** @type {import("@playwright/test").Fixtures<{look: LookAt}, {}, import("@playwright/test").PlaywrightTestArgs, import("@playwright/test").PlaywrightWorkerArgs>} */ ({
    look: async ({ browser }, use) => {
      /** @type {Array<() => void>} */
      const ends = [];
      await use(async (/** @type {Look} */ { width, scheme = "light", lang = "en" }) => {
        const context = await browser.newContext({
          viewport: SIZES[width],
          colorScheme: scheme,
          locale: lang,
          timezoneId: "UTC",
          reducedMotion: "reduce",
        });
        ends.push(() => void context.close());
        const page = await context.newPage();
        await page.clock.setFixedTime(NOW);
        // The clock that nobody sets stands still too.
        await page.addInitScript(() => {
          let steady = 0;
          performance.now = () => steady;
          Object.assign(window, { passes: (/** @type {number} */ ms) => (steady += ms) });
        });
        return { context, page, ends };
      });
      for (const end of ends) end();
    },
  }),
);

/**
 * So much time passes, at once.
 * @param {Page} page
 * @param {number} ms
 */
export async function passes(page, ms) {
  await page.evaluate((ms) => /** @type {any} */ (window).passes(ms), ms);
  await page.clock.setFixedTime(NOW + ms);
}

/**
 * The desk, before its agent signs in.
 * @param {LookAt} lookAt
 * @param {Look} look
 */
export async function desk(lookAt, look) {
  const { context, page, ends } = await lookAt(look);
  const server = new DeskServer();
  server.now = () => NOW;
  ends.push(() => server.stop());
  await server.serve(context);
  await page.goto(`${DESK_SITE}/agent?lang=${look.lang ?? "en"}`);
  return { page, server };
}

/** @param {Page} page */
export async function signIn(page) {
  await page.locator("input[name=name]").fill("ann");
  await page.locator("input[name=password]").fill("secret");
  await page.locator("form button[type=submit]").click();
  await page.locator(".desk").waitFor();
}

/**
 * The website with the widget.
 * @param {LookAt} lookAt
 * @param {Look} look
 */
export async function site(lookAt, look) {
  const { context, page } = await lookAt(look);
  const server = new Server();
  server.now = () => NOW;
  server.service = SERVICE;
  await server.on(context);
  await context.route(`${NODE}/examples/site`, (route) => {
    const { body = "", headers } = builtFile(new URL(route.request().url())) ?? {};
    const tag = `data-service="default" data-language="${look.lang ?? "en"}"`;
    return route.fulfill({ headers, body: body.replace('data-service="default"', tag) });
  });
  await page.goto(`${NODE}/examples/site`);
  return { page, server };
}

/** What the website's service asks and says. */
export const SERVICE = {
  title: { "*": "Marlow Bicycles" },
  form: [
    { key: "nickname", kind: "text", label: {}, required: true, autocomplete: "name", choices: [] },
    { key: "email", kind: "email", label: {}, required: false, autocomplete: "email", choices: [] },
    {
      key: "topic",
      kind: "choice",
      label: { en: "What is it about?", ar: "ما الموضوع؟" },
      required: true,
      choices: [
        { value: "order", label: { en: "An order", ar: "طلب" } },
        { value: "repair", label: { en: "A repair", ar: "إصلاح" } },
      ],
    },
  ],
  consent: {
    text: { en: "I agree to the privacy notice.", ar: "أوافق على إشعار الخصوصية." },
    url: "https://shop.test/privacy",
  },
  open: true,
  wait_s: 120,
  rating: true,
};
