// The left side of the desk: what rings, and the agent's chats. Elements are kept while they are there, so that nothing loses
// the focus when something else changes.

import { byId, el, setText, show } from "./dom.js";

/** Most attached data on a card; the details have all. */
const DATA_MAX = 4;

/** @typedef {import("./agent-desk.js").Desk} Desk */
/** @typedef {import("./agent-desk.js").Offer} Offer */
/** @typedef {import("./agent-desk.js").Chat} Chat */
/** @typedef {ReturnType<typeof import("./texts.js").speak<typeof import("./texts/agent.js").texts.en>>["say"]} Say */

export class List {
  /** @type {Map<string, HTMLElement>} */
  #cards = new Map();
  /** @type {Map<string, HTMLElement>} */
  #rows = new Map();

  /**
   * @param {object} options
   * @param {Desk} options.desk
   * @param {Say} options.say
   * @param {string} options.language
   * @param {(chat: string) => void} options.select
   * @param {(chat: string) => void} options.accept
   * @param {(chat: string) => void} options.decline
   */
  constructor(options) {
    this.options = options;
    this.clock = new Intl.DateTimeFormat(options.language, { hour: "2-digit", minute: "2-digit" });
  }

  draw() {
    const { desk, say } = this.options;
    keep(byId("offers"), this.#cards, desk.offers, (offer) => this.#card(offer));
    keep(byId("chats"), this.#rows, desk.chats, (chat) => this.#row(chat));
    for (const [id, chat] of desk.chats) this.#drawRow(/** @type {HTMLElement} */ (this.#rows.get(id)), id, chat);
    const busy = [...desk.chats.values()].filter((chat) => !chat.over).length;
    setText(byId("load"), `${busy} / ${desk.capacity}`);
    show(byId("empty"), desk.chats.size === 0 && desk.offers.size === 0);
    setText(byId("empty"), say(desk.status.state === "ready" ? "emptyReady" : "emptyNotReady"));
    this.tick();
  }

  /** Once or twice a second: countdowns and waiting times. */
  tick() {
    const { desk, say } = this.options;
    for (const [id, offer] of desk.offers) {
      const card = this.#cards.get(id);
      if (!card) continue;
      const left = Math.max(0, offer.endsAt - Date.now());
      const bar = /** @type {HTMLElement} */ (card.querySelector(".countdown i"));
      bar.style.width = `${offer.accepting ? 100 : Math.round((left / Math.max(1, offer.totalMs)) * 100)}%`;
      card.classList.toggle("urgent", left < 6000 && !offer.accepting);
      card.classList.toggle("accepting", offer.accepting);
      const waited = minutes(Date.now() - offer.work.customer.since);
      setText(/** @type {HTMLElement} */ (card.querySelector(".waited")), say("waited", waited));
      const seconds = offer.accepting ? "" : say("seconds", Math.ceil(left / 1000));
      setText(/** @type {HTMLElement} */ (card.querySelector(".left")), seconds);
      for (const button of card.querySelectorAll("button")) button.disabled = offer.accepting;
    }
  }

  /** @param {Offer} offer */
  #card(offer) {
    const { say, accept, decline } = this.options;
    const { chat, queue, customer } = offer.work;
    const all = Object.entries(customer.data ?? {});
    const data = all.slice(0, DATA_MAX);
    const facts = el("dl", {}, ...data.flatMap(([key, value]) => [bidi("dt", key), bidi("dd", value)]));
    const leftOut = all.length - data.length + (customer.left_out ?? 0);
    if (leftOut) facts.append(el("dd", { class: "small" }, say("leftOut", leftOut)));
    show(facts, data.length > 0);
    const subject = bidi("p", customer.subject || say("noSubject"));
    if (!customer.subject) subject.className = "small";
    return el(
      "li",
      { class: "offer", "data-chat": chat },
      el("p", { class: "offer-top" }, el("span", {}, say("offer")), el("span", { class: "badge" }, queue)),
      el("h3", { dir: "auto" }, customer.nickname || say("customer")),
      ...(customer.verified ? [] : [el("p", { class: "unverified" }, say("unverified"))]),
      subject,
      facts,
      el(
        "p",
        { class: "small times", "aria-hidden": "true" },
        el("span", { class: "waited" }),
        el("span", { class: "left" }),
      ),
      el("div", { class: "countdown", "aria-hidden": "true" }, el("i")),
      el(
        "div",
        { class: "answers" },
        el("button", { type: "button", class: "accept", onclick: () => accept(chat) }, say("accept")),
        el("button", { type: "button", class: "plain decline", onclick: () => decline(chat) }, say("decline")),
      ),
    );
  }

  /** @param {Chat} chat */
  #row(chat) {
    const id = chat.work.chat;
    const button = el(
      "button",
      { type: "button", onclick: () => this.options.select(id) },
      el("span", { class: "row-name", dir: "auto" }),
      el("time", { class: "small" }),
      el("span", { class: "row-last small", dir: "auto" }),
      el("span", { class: "unread" }),
    );
    return el("li", { "data-chat": id }, button);
  }

  /**
   * @param {HTMLElement} row
   * @param {string} id
   * @param {Chat} chat
   */
  #drawRow(row, id, chat) {
    const { desk, say } = this.options;
    const last = chat.thread.events.findLast((event) => event.type === "message");
    const at = (/** @type {string} */ where) => /** @type {HTMLElement} */ (row.querySelector(where));
    setText(at(".row-name"), chat.work.customer.nickname || say("customer"));
    setText(at("time"), last ? this.clock.format(last.at) : "");
    const typing = chat.thread.typists().length > 0;
    const text = chat.over ? say("chatOver") : typing ? say("typingShort") : (last?.text ?? chat.work.customer.subject);
    setText(at(".row-last"), text);
    setText(at(".unread"), chat.unread ? String(chat.unread) : "");
    at(".unread").setAttribute("aria-label", chat.unread ? say("unread", chat.unread) : "");
    row.classList.toggle("over", chat.over !== "");
    row.classList.toggle("selected", id === desk.kept.selected);
    at("button").setAttribute("aria-current", String(id === desk.kept.selected));
  }
}

/**
 * @param {string} tag
 * @param {string} text
 */
const bidi = (tag, text) => el(tag, { dir: "auto" }, text);

/**
 * Adds what is new, takes out what is gone, leaves the rest alone.
 * @template T
 * @param {HTMLElement} place
 * @param {Map<string, HTMLElement>} drawn
 * @param {Map<string, T>} wanted
 * @param {(one: T) => HTMLElement} make
 */
function keep(place, drawn, wanted, make) {
  for (const [id, element] of drawn) {
    if (wanted.has(id)) continue;
    element.remove();
    drawn.delete(id);
  }
  for (const [id, one] of wanted) {
    if (drawn.has(id)) continue;
    const element = make(one);
    drawn.set(id, element);
    place.append(element);
  }
}

/** @param {number} ms */
function minutes(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
