// The language of a page: `?lang=`, else the browser's first that is there, else English. Words come from `texts/`.

/** Languages that are written from right to left. */
const RIGHT_TO_LEFT = ["ar", "fa", "he", "ur"];

/**
 * Sets the document's language and direction, and fills every element with `data-text`, `data-label` (what is read out) or
 * `data-hint` (placeholder).
 * @template {Record<string, string>} T
 * @param {Record<string, T> & {en: T}} texts by language
 */
export function speak(texts) {
  const wanted = [new URLSearchParams(location.search).get("lang") ?? "", ...navigator.languages, "en"];
  const language = wanted.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => tag in texts) ?? "en";
  const table = texts[language];
  document.documentElement.lang = language;
  document.documentElement.dir = RIGHT_TO_LEFT.includes(language) ? "rtl" : "ltr";
  document.title = table.title;
  fill(document, table);
  /**
   * Names and texts that are put in keep their own direction.
   * @param {keyof T & string} key
   * @param {string | number} [value] for `{}`
   */
  const say = (key, value) => table[key].replace("{}", value === undefined ? "" : `\u2068${value}\u2069`);
  return { say, language, fill: (/** @type {ParentNode} */ root) => fill(root, table) };
}

/**
 * @param {ParentNode} root
 * @param {Record<string, string>} table
 */
function fill(root, table) {
  for (const element of root.querySelectorAll("[data-text], [data-label], [data-hint]")) {
    const place = /** @type {HTMLElement} */ (element);
    const { text, label, hint } = place.dataset;
    if (text) place.textContent = table[text];
    if (label) place.setAttribute("aria-label", table[label]);
    if (label) place.title = table[label];
    if (hint) place.setAttribute("placeholder", table[hint]);
  }
}
