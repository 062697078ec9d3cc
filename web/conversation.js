// Draws a chat: messages with who and when, who came and went, what is still on its way. Texts are only ever set as text.

import { el, setText, show } from "./dom.js";
import { size } from "./files.js";

/** Kinds of events that no line is drawn for, or that have words of their own. */
const QUIET = ["joined", "left", "read", "renamed", "custom_notice", "delivery"];
/** Messages of one person within this time stand under one name. */
const SAME_MS = 5 * 60_000;
/** Nearer to the end than this counts as reading the newest. */
const LOW_PX = 80;
const EMOJI_ONLY = /^(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\u200d|\ufe0f|\p{Regional_Indicator}|\s){1,12}$/u;
const ADDRESS = /https?:\/\/[^\s<>"]+[^\s<>".,;:!?')\]]/g;

/**
 * Why a message may be refused; what is not here has simply failed.
 * @type {Record<string, "tooLong" | "windowClosed">}
 */
const REFUSALS = { too_long: "tooLong", window_closed: "windowClosed" };

/** @typedef {import("./thread.js").Thread} Thread */
/** @typedef {import("./thread.js").Event} Event */
/** @typedef {import("./thread.js").Item} Item */

export class Conversation {
  /** @type {Thread | null} */
  #thread = null;
  #drawn = 0;
  #pending = "";
  #low = true;
  #day = "";
  /** @type {Event | null} the message above, if the next may stand under its name */
  #above = null;

  /**
   * @param {object} options
   * @param {HTMLElement} options.scroller holds the log, what is on its way, and the typing notice
   * @param {HTMLElement} options.log
   * @param {HTMLElement} options.pending
   * @param {HTMLElement} options.latest the button back to the newest
   * @param {string} options.language
   * @param {(key: "joined" | "left" | "sending" | "failed" | "tooLong" | "windowClosed" | "undelivered" | "edit" | "bot" | "ended" | "save" | "fileGone", name?: string) => string} options.say
   * @param {(number: number | undefined, thread: Thread) => string} options.nameOf
   * @param {(id: string, name: string) => void} options.onSave a file is to be saved
   * @param {(title: string) => void} [options.onChoose] a choice of a rich message; without it there are none
   * @param {(item: Item) => void} options.onEdit a refused message goes back to where it can be mended
   */
  constructor(options) {
    this.options = options;
    this.clock = new Intl.DateTimeFormat(options.language, { hour: "2-digit", minute: "2-digit" });
    this.calendar = new Intl.DateTimeFormat(options.language, { dateStyle: "long" });
    const { scroller, latest } = options;
    scroller.addEventListener("scroll", () => {
      this.#low = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < LOW_PX;
      if (this.#low) show(latest, false);
    });
    latest.addEventListener("click", () => this.sink(true));
    new ResizeObserver(() => this.sink()).observe(scroller);
  }

  /**
   * The newest stays in sight, unless the reader scrolled away.
   * @param {boolean} [surely]
   */
  sink(surely = false) {
    if (surely) this.#low = true;
    const { scroller, latest } = this.options;
    if (this.#low) {
      scroller.scrollTop = scroller.scrollHeight;
      show(latest, false);
    }
  }

  /**
   * @param {Thread} thread
   * @param {Item[]} items
   */
  draw(thread, items) {
    const { log, latest } = this.options;
    if (thread !== this.#thread) {
      this.#thread = thread;
      this.#drawn = 0;
      this.#day = "";
      this.#above = null;
      this.#low = true;
      log.replaceChildren();
    }
    // What was said before one came is not read out to them.
    log.setAttribute("aria-live", this.#drawn === 0 ? "off" : "polite");
    const news = thread.events.slice(this.#drawn);
    this.#drawn = thread.events.length;
    const added = news.map((event) => this.#entry(thread, event)).filter((entry) => entry !== null);
    log.append(...added.flat());
    this.#drawItems(items);
    if (added.length && !this.#low) show(latest, true);
    this.sink();
  }

  /**
   * @param {Thread} thread
   * @param {Event} event
   * @returns {HTMLElement[] | null}
   */
  #entry(thread, event) {
    const day = this.calendar.format(event.at);
    const said = ["message", "pushed_url", "file_uploaded", "rich", "rich_reply"].includes(event.type);
    const lines = day !== this.#day && said ? [line(day)] : [];
    if (lines.length) this.#above = null;
    if (said) {
      this.#day = day;
      return [...lines, this.#message(thread, event)];
    }
    if (event.type === "file_deleted") return [line(this.options.say("fileGone", event.text))];
    if (event.type === "delivery" && event.state === "failed") {
      this.#above = null;
      return [line(this.options.say("undelivered", event.reason ?? ""))];
    }
    if (event.type === "ended") return [line(this.options.say("ended"))];
    // Of a kind that this page does not know: it says in its text what is to be read.
    if (!QUIET.includes(event.type)) return event.text ? [line(event.text)] : null;
    if (thread.isMine(event.by) || (event.type !== "joined" && event.type !== "left")) return null;
    this.#above = null;
    return [line(this.options.say(event.type, this.options.nameOf(event.by, thread)))];
  }

  /**
   * @param {Thread} thread
   * @param {Event} event
   */
  #message(thread, event) {
    const party = thread.party(event.by);
    const above = this.#above;
    const same = above !== null && above.by === event.by && event.at - above.at < SAME_MS;
    this.#above = event;
    const who = el("span", { class: "who" });
    who.append(el("bdi", party?.me ? { class: "away" } : {}, this.options.nameOf(event.by, thread)));
    if (party?.role === "bot") who.append(" ", el("span", { class: "badge" }, this.options.say("bot")));
    const time = el("time", { datetime: new Date(event.at).toISOString() }, this.clock.format(event.at));
    who.append(el("span", { class: "gap", "aria-hidden": "true" }, party?.me ? "" : " · "), time);
    const kind = `${party?.me ? "mine" : "theirs"} ${party?.role ?? ""}${same ? " same" : ""}`;
    if (event.file) return this.#file(kind, who, event.text ?? "", event.file);
    const made = bubble(kind, who, event.text ?? "");
    const titles = event.type === "rich" && this.options.onChoose ? choices(event.content ?? {}) : [];
    if (titles.length) made.append(this.#choices(titles));
    return made;
  }

  /** @param {string[]} titles */
  #choices(titles) {
    const row = el("div", { class: "choices" });
    for (const title of titles) {
      const choose = () => {
        row.remove();
        this.options.onChoose?.(title);
      };
      row.append(el("button", { type: "button", class: "plain", dir: "auto", onclick: choose }, title));
    }
    return row;
  }

  /**
   * @param {string} kind
   * @param {HTMLElement} who
   * @param {string} name
   * @param {{id: string, bytes?: number}} file
   */
  #file(kind, who, name, file) {
    const { say, onSave, language } = this.options;
    const made = bubble(kind, who, "");
    const save = el("button", { type: "button", class: "file", title: say("save", name) });
    save.addEventListener("click", () => onSave(file.id, name));
    save.append(el("bdi", {}, name), " ", el("small", {}, size(file.bytes ?? 0, language)));
    made.querySelector(".text")?.replaceChildren(save);
    return made;
  }

  /** @param {Item[]} items */
  #drawItems(items) {
    const shown = items.filter((item) => !item.leave);
    const key = JSON.stringify(shown.map((item) => [item.id, item.failed ?? ""]));
    if (key === this.#pending) return;
    const more = shown.length > 0 && !key.startsWith(this.#pending.slice(0, -1));
    this.#pending = key;
    this.options.pending.replaceChildren(...shown.map((item) => this.#item(item)));
    if (more || shown.some((item) => !item.failed)) this.sink(true);
  }

  /** @param {Item} item */
  #item(item) {
    const { say, onEdit } = this.options;
    const made = bubble(`mine ${item.failed ? "failed" : "waiting"}`, null, item.text);
    const state = el("span", { class: "state" });
    if (item.failed) {
      state.append(say(REFUSALS[item.failed] ?? "failed"), " ");
      state.append(el("button", { type: "button", class: "link", onclick: () => onEdit(item) }, say("edit")));
    } else state.append(say("sending"));
    made.append(state);
    return made;
  }
}

/**
 * What can be chosen with a tap: writing the title chooses it.
 * @param {import("./link.js").Frame} content
 * @returns {string[]}
 */
function choices(content) {
  const cards = [content.card, ...(content.cards ?? [])].filter(Boolean);
  const actions = cards.flatMap((card) => card.actions ?? []).filter((action) => action.id);
  const items = (content.sections ?? []).flatMap((/** @type {any} */ section) => section.items);
  return [...(content.options ?? []), ...items, ...actions].map((one) => one.title);
}

/** @param {string} text */
function line(text) {
  return el("li", { class: "line", dir: "auto" }, text);
}

/**
 * @param {string} kind
 * @param {HTMLElement | null} who
 * @param {string} text
 */
export function bubble(kind, who, text) {
  const item = el("li", { class: kind + (EMOJI_ONLY.test(text) ? " big" : "") });
  if (who) item.append(who);
  item.append(el("div", { class: "text", dir: "auto" }, ...linked(text)));
  return item;
}

/**
 * Addresses become links, which learn nothing of where they are clicked.
 * @param {string} text
 * @returns {Array<Node | string>}
 */
function linked(text) {
  /** @type {Array<Node | string>} */
  const parts = [];
  let from = 0;
  for (const found of text.matchAll(ADDRESS)) {
    parts.push(text.slice(from, found.index));
    parts.push(el("a", { href: found[0], target: "_blank", rel: "noopener noreferrer nofollow" }, found[0]));
    from = found.index + found[0].length;
  }
  parts.push(text.slice(from));
  return parts;
}

/**
 * "Zoë is typing" with three dots.
 * @param {HTMLElement} place
 * @param {string} text empty: nobody is
 */
export function drawTyping(place, text) {
  if (place.dataset.typing === text) return;
  place.dataset.typing = text;
  place.replaceChildren();
  if (!text) return;
  const words = el("span", { dir: "auto" });
  setText(words, text);
  place.append(words, el("i", { class: "dots", "aria-hidden": "true" }, el("b"), el("b"), el("b")));
}
