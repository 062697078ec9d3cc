// What must hold in every language, on every screen, by day and by night.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, newWindow } from "./support/browser.js";
import { Fake, SITE } from "./support/fake.js";

const LANGUAGES = ["en", "de", "es", "fr", "ar", "ja"];
/** Text against its ground, as the style sheets name them; 4.5 is what WCAG asks of text. */
const PAIRS = [
  ["text", "card"],
  ["text", "theirs"],
  ["text", "brand-soft"],
  ["soft", "card"],
  ["soft", "ground"],
  ["soft", "raised"],
  ["mine-text", "mine"],
  ["brand-text", "brand"],
  ["warn-text", "warn"],
  ["bad", "card"],
];

/** @type {import("playwright-core").Browser} */
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

/** @param {string} colour as "rgb(1, 2, 3)" */
function luminance(colour) {
  const [red, green, blue] = (colour.match(/[\d.]+/g) ?? []).map((part) => {
    const value = Number(part) / 255;
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
  test(`every text has contrast enough when it is ${colorScheme}`, async () => {
    const { page, context } = await newWindow(browser, { colorScheme });
    await Fake.on(page, () => null);
    await page.goto(`${SITE}/agent`);
    for (const pair of PAIRS) {
      const [text, ground] = await page.evaluate((names) => {
        const probe = document.body.appendChild(document.createElement("i"));
        return names.map((name) => {
          probe.style.color = `var(--${name})`;
          return getComputedStyle(probe).color;
        });
      }, pair);
      const [low, high] = [luminance(text), luminance(ground)].sort((a, b) => a - b);
      const ratio = (high + 0.05) / (low + 0.05);
      assert.ok(ratio >= 4.5, `${pair.join(" on ")}: ${ratio.toFixed(2)}`);
    }
    await context.close();
  });
}

for (const path of ["/", "/agent"]) {
  test(`${path} speaks each language, has nothing without a name, and fits on a narrow phone`, async () => {
    const { page, context } = await newWindow(browser, { viewport: { width: 320, height: 568 } });
    await Fake.on(page, () => null);
    const titles = new Set();
    for (const language of LANGUAGES) {
      await page.goto(`${SITE}${path}?lang=${language}`);
      await page.locator("form h1, form h2").first().waitFor();
      titles.add(await page.locator("form button").first().textContent());
      const found = await page.evaluate(() => {
        const name = (/** @type {Element} */ element) =>
          element.getAttribute("aria-label") || element.textContent?.trim() || "";
        const label = (/** @type {Element} */ field) => document.querySelector(`label[for="${field.id}"]`)?.textContent;
        return {
          language: document.documentElement.lang,
          direction: getComputedStyle(document.body).direction,
          nameless: [...document.querySelectorAll("button:not(#status)")]
            .filter((one) => !name(one))
            .map((one) => one.id),
          unlabelled: [...document.querySelectorAll("input, textarea")]
            .filter((one) => !label(one))
            .map((one) => one.id),
          overflow: document.documentElement.scrollWidth - innerWidth,
        };
      });
      const direction = language === "ar" ? "rtl" : "ltr";
      assert.deepEqual(found, { language, direction, nameless: [], unlabelled: [], overflow: 0 });
    }
    assert.equal(titles.size, LANGUAGES.length);
    await context.close();
  });
}
