// The widget among the styles of real websites: it looks on each as on a page without any, and changes nothing of theirs.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, afterEach, before, test } from "node:test";
import { launch } from "./support/browser.js";
import { differences, looks } from "./support/looks.js";
import { NODE, openShop, Server } from "./support/widget.js";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {{styles?: string, body?: string, html?: string, options?: import("playwright-core").BrowserContextOptions}} Site */

/** @type {import("playwright-core").Browser} */
let browser;
/** @type {Array<() => Promise<void>>} */
const cleanups = [];
before(async () => {
  browser = await launch();
});
after(() => browser.close());
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const sheet = (/** @type {string} */ path) => readFileSync(createRequire(import.meta.url).resolve(path), "utf8");

const CONTENT = `<header class="navbar bg-primary"><a class="navbar-brand" href="/">Shop</a></header>
  <main class="container"><h1>A shop</h1><p>Some <b>words</b> of it.</p>
  <form class="row"><label>Search <input class="form-control" /></label><button class="btn btn-primary">Go</button></form>
  <table class="table"><tbody><tr><td>One</td><td>Two</td></tr></tbody></table></main>
  <footer class="fixed-bottom bar">Cookies?</footer>`;
const OF_PAGE = ["body", "header", "header a", "main", "h1", "p", "b", "form", "input", "button", "td", "footer"];
const OF_FORM = [".panel", ".panel-head", ".header-name", ".field label", ".field input", ".form-end .primary"];
const OF_CHAT = [
  ".bubble",
  ".head",
  ".choice",
  ".file",
  ".composer textarea",
  ".composer .round",
  ".panel-head button",
];

/** What each website does to its elements. @type {Record<string, Site>} */
const SITES = {
  "modern-normalize and what resets buttons": {
    styles: `${sheet("modern-normalize/modern-normalize.css")}
      button, input, textarea, select { all: unset; } * { margin: 0; padding: 0; font: inherit; }`,
  },
  "an old reset": {
    styles: `html, body, div, span, h1, h2, p, a, b, form, label, table, section, header, button, svg { margin: 0;
        padding: 0; border: 0; font-size: 100%; vertical-align: baseline; line-height: 1; }
      body { color: #555; font: 11px/1 Verdana; letter-spacing: 2px; text-transform: uppercase; cursor: wait; }
      div { float: left; background: #eee; border: 3px solid red; color: red; letter-spacing: 3px; } svg { display: none; } b { display: block; }`,
  },
  "Bootstrap 5": { styles: `${sheet("bootstrap/dist/css/bootstrap.min.css")} body { font-size: 0.8rem; }` },
  "everything unset": { styles: "* { all: unset; }" },
  "everything unset, and it is important": {
    styles: `* { all: unset !important; } body > div { display: none !important; opacity: 0.2 !important; }
      div { position: static !important; transform: scale(0.5) !important; color: red !important; }`,
  },
  "62.5 percent, and a page that is not scrolled": {
    styles:
      "html { font-size: 62.5%; } body { overflow: hidden; height: 100vh; text-align: center; font-weight: 700; }",
  },
  "a body that lays out its children": {
    styles: `body { display: flex; flex-direction: column; justify-content: space-between; gap: 40px; min-height: 100vh; }
      body > * { flex: 1; width: 50%; } body > * + * { margin-top: 30px; } `,
  },
  "bars above everything": {
    styles: ".bar { position: fixed; inset: auto 0 0; height: 120px; z-index: 2147483647; background: #ccc; }",
  },
};

/**
 * A website, before the widget is there.
 * @param {Site} [site]
 */
async function open({ styles = "", html = "", body = CONTENT, options = {} } = {}) {
  const server = new Server();
  server.page = () => `<!doctype html><html lang="en" ${html}><head><title>Shop</title><style>${styles}</style></head>
    <body>${body}</body></html>`;
  const opened = await openShop(browser, { server, options: { reducedMotion: "reduce", ...options } });
  cleanups.push(async () => {
    await opened.context.close();
    assert.deepEqual(opened.complaints, []);
  });
  return opened;
}

/**
 * @param {Page} page
 * @param {Record<string, string>} [data] attributes of the tag
 */
async function bring(page, data = {}) {
  await page.evaluate(
    ([src, set]) => {
      const tag = document.createElement("script");
      Object.assign(tag.dataset, set);
      tag.src = src;
      document.head.append(tag);
    },
    /** @type {const} */ ([`${NODE}/widget.js`, data]),
  );
  await page.locator(".launcher").waitFor();
}

/**
 * The parts of the widget, one state after the other.
 * @param {Awaited<ReturnType<typeof open>>} opened
 */
async function walk({ page, server }) {
  const seen = await looks(page, [".launcher", ".launcher svg"]);
  await page.locator(".launcher").click();
  await page.locator(".form input").first().fill("Leonie");
  await page.locator(".form .primary").focus();
  Object.assign(seen, await looks(page, OF_FORM));
  await page.locator(".form .primary").click();
  await page.locator(".composer textarea").waitFor();
  const options = [{ id: "a", title: "My line" }];
  const at = Date.UTC(2026, 0, 5, 12);
  server.say([
    { at, type: "message", by: 3, text: "Hello" },
    { at, type: "rich", by: 3, text: "Well?", content: { kind: "quick_replies", text: "x", options } },
    { at, type: "file_uploaded", by: 3, text: "log.txt", file: { id: "f", bytes: 12 } },
  ]);
  await page.locator(".file").waitFor();
  return Object.assign(seen, await looks(page, OF_CHAT));
}

/** @type {Promise<import("./support/looks.js").Looks> | undefined} */
let bare;

for (const [name, site] of Object.entries(SITES)) {
  test(`neither page nor widget changes the other: ${name}`, async () => {
    bare ??= open().then(async (opened) => {
      await bring(opened.page);
      return walk(opened);
    });
    const opened = await open(site);
    const before = await looks(opened.page, OF_PAGE);
    await bring(opened.page);
    assert.deepEqual(differences(await bare, await walk(opened)), []);
    assert.deepEqual(differences(before, await looks(opened.page, OF_PAGE)), []);
  });
}

for (const [where, options] of /** @type {const} */ ([
  ["on a large screen", { viewport: { width: 1024, height: 760 } }],
  ["on a phone", { viewport: { width: 390, height: 760 } }],
])) {
  test(`all of the panel is in sight on a page that zooms itself, ${where}`, async () => {
    const { page } = await open({ styles: "html { zoom: 1.5; }", options });
    await bring(page);
    await page.locator(".launcher").click();
    await page.locator(".form input").first().waitFor();
    const box = await page.locator(".panel").boundingBox();
    assert.ok(box && box.y >= 0 && box.x >= 0, JSON.stringify(box));
    assert.ok(box.y + box.height <= 760 && box.x + box.width <= options.viewport.width, JSON.stringify(box));
  });
}

for (const [language, position] of [
  ["he", "end"],
  ["he", "start"],
  ["ar", "end"],
]) {
  test(`the panel is on the launcher's side of a page from right to left: ${language}, ${position}`, async () => {
    const { page } = await open({ html: `dir="rtl" lang="${language}"` });
    await bring(page, { position });
    const left = (/** @type {string} */ part) => page.locator(part).evaluate((it) => it.getBoundingClientRect().left);
    const launcher = await left(".launcher");
    assert.equal(launcher < 512, position === "end");
    await page.locator(".launcher").click();
    await page.locator(".form input").first().waitFor();
    assert.equal((await left(".panel")) < 512, launcher < 512);
  });
}
