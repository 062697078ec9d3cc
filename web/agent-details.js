// The right side of the desk: who the customer is, what came with the chat, and their earlier chats, each to be read.

import { bubble } from "./conversation.js";
import { byId, el, setText, show } from "./dom.js";

/** @typedef {import("./agent-desk.js").Desk} Desk */
/** @typedef {import("./agent-desk.js").Chat} Chat */
/** @typedef {import("./agent-list.js").Say} Say */
/** @typedef {import("./link.js").Frame} Frame */

/** Nearer to the end of what is there than this fetches more. */
const NEAR_PX = 200;

/**
 * @typedef {object} Reading an earlier record that is open
 * @property {string} chat
 * @property {number} [from] the page that comes next
 * @property {Map<number, Frame>} parties who joined in the pages so far
 * @property {boolean} busy a page is on its way
 * @property {HTMLElement} end what stands behind the last page
 */

export class Details {
  #drawn = "";
  /** @type {Reading | null} */
  #reading = null;

  /**
   * @param {object} options
   * @param {Desk} options.desk
   * @param {Say} options.say
   * @param {string} options.language
   */
  constructor(options) {
    this.options = options;
    this.when = new Intl.DateTimeFormat(options.language, { dateStyle: "medium", timeStyle: "short" });
    this.clock = new Intl.DateTimeFormat(options.language, { hour: "2-digit", minute: "2-digit" });
    const button = byId("details-button");
    button.addEventListener("click", () => this.#turn(button.getAttribute("aria-expanded") !== "true"));
    const record = /** @type {HTMLDialogElement} */ (byId("record"));
    byId("record-close").addEventListener("click", () => record.close());
    record.addEventListener("close", () => (this.#reading = null));
    const scroller = byId("record-scroller");
    scroller.addEventListener("scroll", () => {
      const left = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
      if (left < NEAR_PX && this.#reading) this.#more(this.#reading);
    });
    byId("details").addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#turn(false);
    });
  }

  /** @param {boolean} open on screens that have no room for it beside the chat */
  #turn(open) {
    byId("details-button").setAttribute("aria-expanded", String(open));
    byId("details").classList.toggle("open", open);
  }

  draw() {
    const chat = this.options.desk.selected;
    show(byId("details"), chat !== null);
    if (!chat) {
      this.#turn(false);
      this.#drawn = "";
      return;
    }
    const key = JSON.stringify([chat.work, chat.history]);
    if (key === this.#drawn) return;
    this.#drawn = key;
    this.#drawFacts(chat);
    this.#drawRecords(chat);
  }

  /** @param {Chat} chat */
  #drawFacts(chat) {
    const { say } = this.options;
    const { customer, queue } = chat.work;
    const contact = chat.history?.contact ?? {};
    const whole = [contact.first_name, contact.last_name].filter(Boolean).join(" ");
    const facts = {
      [say("name")]: customer.nickname,
      [say("identity")]: say(customer.verified ? "verified" : "unverified"),
      [say("contact")]: whole,
      [say("email")]: contact.email ?? contact.email_address ?? "",
      [say("subject")]: customer.subject,
      [say("queue")]: queue,
      [say("since")]: customer.since ? this.when.format(customer.since) : "",
      [say("priority")]: customer.priority ? String(customer.priority) : "",
    };
    byId("facts").replaceChildren(...pairs(facts));
    const data = pairs(customer.data ?? {});
    byId("data").replaceChildren(...(data.length ? data : [el("dd", { class: "small" }, say("none"))]));
    if (customer.left_out) byId("data").append(el("dd", { class: "small" }, say("leftOut", customer.left_out)));
  }

  /** @param {Chat} chat */
  #drawRecords(chat) {
    const { say } = this.options;
    const records = /** @type {Frame[]} */ (chat.history?.records ?? []);
    const earlier = records.filter((record) => record.chat !== chat.work.chat);
    const { verified } = chat.work.customer;
    show(byId("records-note"), !verified && earlier.length > 0);
    setText(byId("records-note"), say("unverifiedPast"));
    const rows = earlier.map((record) =>
      el(
        "li",
        {},
        el(
          "button",
          { type: "button", onclick: () => this.#open(record, Boolean(verified)) },
          el("span", { dir: "auto" }, record.subject || record.service || say("noSubject")),
          el("span", { class: "small" }, this.when.format(record.started_at)),
          ...(record.verified ? [] : [el("span", { class: "unverified" }, say("unverified"))]),
        ),
      ),
    );
    const nothing = el(
      "li",
      { class: "small" },
      say(chat.history?.hidden ? "hiddenPast" : chat.history ? "none" : "loading"),
    );
    byId("records").replaceChildren(...(rows.length ? rows : [nothing]));
  }

  /**
   * @param {Frame} record
   * @param {boolean} verified whether the customer who is there now has proved who they are
   */
  #open(record, verified) {
    const end = el("li", { class: "line" });
    setText(byId("record-title"), record.subject || this.when.format(record.started_at));
    show(byId("record-note"), !(verified && record.verified));
    byId("record-log").replaceChildren(end);
    /** @type {HTMLDialogElement} */ (byId("record")).showModal();
    this.#reading = { chat: record.chat, parties: new Map(), busy: false, end };
    this.#more(this.#reading);
  }

  /**
   * Fetches the next page, one at a time.
   * @param {Reading} reading
   */
  async #more(reading) {
    const { say, desk } = this.options;
    if (reading.busy) return;
    reading.busy = true;
    reading.end.replaceChildren(say("loading"));
    const more = () => el("button", { type: "button", class: "link", onclick: () => this.#more(reading) }, say("more"));
    try {
      const page = await desk.transcript(reading.chat, reading.from);
      reading.end.before(...this.#entries(page.record, reading.parties));
      if (typeof page.next === "number") {
        reading.from = page.next;
        reading.end.replaceChildren(more());
        reading.busy = false;
      } else reading.end.remove();
    } catch {
      reading.end.replaceChildren(say("error"), " ", more());
      reading.busy = false;
    }
  }

  /**
   * The entries of a page, in the form of the admin API's records.
   * @param {Frame} record
   * @param {Map<number, Frame>} parties
   */
  #entries(record, parties) {
    const { say } = this.options;
    for (const party of record.participants ?? []) parties.set(party.number, party);
    return (record.events ?? []).flatMap((/** @type {Frame} */ event) => {
      const party = parties.get(event.by);
      const name = party?.nickname || say("system");
      const words = event.text ?? event.url ?? event.name ?? "";
      if (!["message", "rich", "richReply", "pushedUrl"].includes(event.type)) {
        const shown = event.type === "customNotice" ? "" : words;
        const text = event.type === "joined" || event.type === "left" ? say(event.type, name) : shown;
        return text ? [el("li", { class: "line", dir: "auto" }, text)] : [];
      }
      const at = new Date(event.at);
      const who = el("span", { class: "who" }, el("bdi", {}, name), " · ", this.clock.format(at));
      return [bubble(party?.type === "CLIENT" ? "theirs" : "mine", who, words)];
    });
  }
}

/** @param {Record<string, string>} facts empty ones are left out */
function pairs(facts) {
  return Object.entries(facts)
    .filter(([, value]) => value)
    .flatMap(([key, value]) => [el("dt", { dir: "auto" }, key), el("dd", { dir: "auto" }, value)]);
}
