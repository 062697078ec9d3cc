// Small helpers for both pages: elements, a menu, a text field that grows.

/**
 * The element with this id, which the page must have.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @returns {T}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return /** @type {T} */ (found);
}

/**
 * @param {string} tag
 * @param {Record<string, string | boolean | EventListener>} [props] attributes; `class`; `on...` listeners; false: left out
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function el(tag, props = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else if (value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

/**
 * Sets a text only when it differs, so that nothing is read out twice.
 * @param {HTMLElement} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * @param {HTMLElement} element
 * @param {boolean} shown
 */
export function show(element, shown) {
  if (element.hidden === shown) element.hidden = !shown;
}

/**
 * A button that opens a menu of buttons: arrows, Home, End, Escape, a click elsewhere.
 * @param {HTMLElement} button
 * @param {HTMLElement} menu with `role=menuitem` buttons
 */
export function menu(button, menu) {
  button.setAttribute("aria-haspopup", "menu");
  const items = () => /** @type {HTMLElement[]} */ ([...menu.querySelectorAll("[role^=menuitem]")]);
  /** @param {boolean} open */
  const turn = (open) => {
    menu.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    if (open) items()[0]?.focus();
  };
  turn(false);
  button.addEventListener("click", () => turn(menu.hidden !== false));
  menu.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[role^=menuitem]")) turn(false);
  });
  menu.addEventListener("keydown", (event) => {
    const all = items();
    const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const step = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1 }[event.key];
    if (step !== undefined) {
      all[step % all.length].focus();
      event.preventDefault();
    } else if (event.key === "Escape") {
      turn(false);
      button.focus();
      event.stopPropagation();
    }
  });
  document.addEventListener("pointerdown", (event) => {
    const inside = event.target instanceof Node && (menu.contains(event.target) || button.contains(event.target));
    if (!inside && !menu.hidden) turn(false);
  });
  menu.addEventListener("focusout", (event) => {
    const next = event.relatedTarget;
    if (next instanceof Node && !menu.contains(next) && next !== button) turn(false);
  });
}

/**
 * A field for messages: Enter sends, Shift+Enter makes a line, the input method's Enter does neither; it grows with the text.
 * @param {HTMLTextAreaElement} field
 * @param {HTMLFormElement} form
 * @param {(text: string) => void} onSend
 * @param {(text: string) => void} onType
 */
export function composer(field, form, onSend, onType) {
  field.addEventListener("input", () => {
    grow(field);
    onType(field.value);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text) return;
    field.value = "";
    grow(field);
    onSend(text);
    field.focus();
  });
}

/** @param {HTMLTextAreaElement} field */
export function grow(field) {
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight + 2, 140)}px`;
}
