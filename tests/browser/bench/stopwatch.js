// What is put into a page before its own scripts, to measure what its reader sees: in the page, by the page's clock.

/**
 * Notes when Enter was pressed on a text with a mark such as `#12#`, and when a text with that mark was drawn: in a
 * bubble of the conversation or in the list's line of a chat. Drawn is the second frame after the change of the page.
 *
 * Times are milliseconds since 1970, by `performance.timeOrigin + performance.now()`.
 */
export function timeMarks() {
  const MARK = /#(\d+)#/;
  const SHOWN = ".bubble, .row-text";
  const marks = {
    pressed: /** @type {Record<string, number>} */ ({}),
    drawn: /** @type {Record<string, number>} */ ({}),
  };
  Object.assign(globalThis, { marks });
  // The press has the time at which the browser had it, so a wait for the page's thread counts.
  addEventListener(
    "keydown",
    (event) => {
      const [field] = event.composedPath();
      const mark = field instanceof HTMLTextAreaElement ? MARK.exec(field.value) : null;
      if (event.key === "Enter" && mark?.[1]) marks.pressed[mark[1]] ??= performance.timeOrigin + event.timeStamp;
    },
    { capture: true },
  );
  /** @param {string} mark */
  const drawn = (mark) => {
    if (mark in marks.drawn) return;
    marks.drawn[mark] = 0;
    requestAnimationFrame(() =>
      requestAnimationFrame(() => (marks.drawn[mark] = performance.timeOrigin + performance.now())),
    );
  };
  /** @param {Node} node that is new or has a new text */
  const look = (node) => {
    const mark = MARK.exec(node.textContent ?? "");
    if (!mark?.[1]) return;
    const element = node instanceof Element ? node : node.parentElement;
    if (element?.closest(SHOWN)) return drawn(mark[1]);
    for (const shown of element?.querySelectorAll(SHOWN) ?? []) {
      const inside = MARK.exec(shown.textContent ?? "");
      if (inside?.[1]) drawn(inside[1]);
    }
  };
  const observer = new MutationObserver((changes) => {
    for (const { type, target, addedNodes } of changes) {
      if (type === "characterData") look(target);
      else addedNodes.forEach(look);
    }
  });
  const all = { childList: true, subtree: true, characterData: true };
  observer.observe(document, all);
  const attachShadow = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (init) {
    const root = attachShadow.call(this, init);
    observer.observe(root, all);
    return root;
  };
}

/**
 * Notes when the page can be used: the second frame after `count` elements of `selector` are there, in milliseconds
 * since the navigation began. Elements with `filled` count only when that part of them has a text.
 * @param {{selector: string, count: number, filled?: string, also?: string}} what
 */
export function timeUsable({ selector, count, filled, also }) {
  const all = { childList: true, subtree: true, characterData: true };
  /** @type {(Document | ShadowRoot)[]} */
  const roots = [document];
  const observer = new MutationObserver(() => {
    const found = roots.flatMap((root) => [...root.querySelectorAll(selector)]);
    const ready = filled ? found.filter((one) => one.querySelector(filled)?.textContent) : found;
    if (ready.length < count || (also && !document.querySelector(also))) return;
    observer.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => Object.assign(globalThis, { usable: performance.now() })));
  });
  observer.observe(document, all);
  const attachShadow = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (init) {
    const root = attachShadow.call(this, init);
    roots.push(root);
    observer.observe(root, all);
    return root;
  };
}

/** Notes how long each task took that held the page's thread for 50 ms or more. */
export function timeLongTasks() {
  /** @type {number[]} */
  const tasks = [];
  Object.assign(globalThis, { tasks });
  new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({
    type: "longtask",
  });
}
