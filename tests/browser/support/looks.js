// How the parts of a page look: where each is, and what its styles come to.

/** @typedef {Record<string, Record<string, string>>} Looks what stands for a part, by its selector */

/** What a page's styles could change; no part of the widget takes any of it from the page. */
const STYLES = [
  ...["color", "background-color", "border-top-width", "border-top-color", "border-radius", "padding", "margin"],
  ...["font-family", "font-size", "font-weight", "font-style", "line-height", "letter-spacing", "word-spacing"],
  ...["text-transform", "text-align", "text-indent", "text-shadow", "white-space", "direction", "writing-mode"],
  ...["display", "box-sizing", "opacity", "visibility", "cursor", "pointer-events", "user-select", "filter"],
];

/**
 * How parts look, also those in open shadow roots.
 * @param {import("playwright-core").Page} page
 * @param {string[]} parts selectors that each find something
 * @returns {Promise<Looks>}
 */
export async function looks(page, parts) {
  /** @type {Looks} */
  const found = {};
  for (const part of parts) {
    found[part] = await page
      .locator(part)
      .first()
      .evaluate((element, names) => {
        const style = getComputedStyle(element);
        const { x, y, width, height } = element.getBoundingClientRect();
        const place = [x, y, width, height].map((side) => Math.round(side * 10) / 10).join(" ");
        return Object.fromEntries([["place", place], ...names.map((name) => [name, style.getPropertyValue(name)])]);
      }, STYLES);
  }
  return found;
}

/**
 * What is not the same, in words.
 * @param {Looks} before
 * @param {Looks} after
 * @returns {string[]}
 */
export function differences(before, after) {
  return Object.entries(before).flatMap(([part, styles]) =>
    Object.entries(styles)
      .filter(([name, value]) => after[part]?.[name] !== value)
      .map(([name, value]) => `${part} ${name}: ${value} -> ${after[part]?.[name]}`),
  );
}
