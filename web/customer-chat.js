// The customer's chat over the native socket, without a page: it starts, resumes after whatever happens to the socket or to
// the page, sends each message once, and leaves.

import { Files } from "./files.js";
import { Link, Lost, Refused, newId } from "./link.js";
import { Outbox, Thread } from "./thread.js";
import { Typist } from "./typist.js";

/** The chat is there no more, or was never ours. */
const GONE = ["unknown_chat", "wrong_key", "ended"];

/** @typedef {"idle" | "starting" | "open" | "leaving" | "ended"} Phase */
/**
 * @typedef {object} Kept what survives a reload
 * @property {Phase} phase
 * @property {import("./link.js").Frame} form what `start` sends
 * @property {string} chat
 * @property {string} key it opens the chat: never shown, never in an address
 * @property {number} number of the next command
 * @property {import("./thread.js").Item[]} items
 */

/** @returns {Kept} */
export const nothing = () => ({ phase: "idle", form: {}, chat: "", key: "", number: 1, items: [] });

export class CustomerChat {
  thread = new Thread();
  /** @type {Files} those of this chat */
  files;
  /** Why the last start was refused, as the server's code. */
  refused = "";
  /** The chat was there no more when the page came back to it. */
  gone = false;
  /** A copy of this tab counts from the same number: what it sends is no repeat of what is sent here. */
  #run = newId();
  #typist = new Typist((started, text) => this.#tellTyping(started, text));

  /**
   * @param {object} options
   * @param {string[]} options.nodes
   * @param {{read: () => Kept, write: (kept: Kept) => void}} options.store
   * @param {() => void} options.onChange
   */
  constructor(options) {
    this.options = options;
    /** @type {Kept} */
    this.kept = options.store.read();
    this.files = this.#newFiles();
    this.link = new Link({
      path: "/v1/customer",
      nodes: options.nodes,
      begin: () => this.#begin(),
      onEvent: (frame) => this.#event(frame),
      onState: (state) => {
        if (state === "open") {
          this.outbox.run();
          this.files.learn();
        }
        options.onChange();
      },
    });
    this.outbox = new Outbox({
      deliver: (item) => this.#deliver(item),
      verdict: (error) => this.#verdict(error),
      onChange: () => this.#changed(),
    });
    this.outbox.items = this.kept.items;
    for (const item of this.outbox.items) delete item.index;
    // Ended or not, all of it is asked for again; the server says how it stands.
    if (this.kept.phase === "ended") this.kept.phase = "open";
    if (this.kept.phase !== "idle") this.link.open();
  }

  get phase() {
    return this.kept.phase;
  }

  /** @param {import("./link.js").Frame} form nickname, email, subject, text, service ... */
  start(form) {
    this.refused = "";
    this.gone = false;
    this.thread = new Thread();
    this.files = this.#newFiles();
    this.outbox.items = [];
    // With its own id a start that is repeated, even at another node, finds the chat that the first one made.
    this.kept = { ...nothing(), phase: "starting", form: { ...form, client_id: newId() } };
    this.#changed();
    this.link.open();
  }

  /** @param {string} text */
  send(text) {
    this.#typist.stop(true);
    this.outbox.push(text);
  }

  leave() {
    if (this.phase !== "open") return;
    this.#typist.stop(true);
    this.kept.phase = "leaving";
    this.outbox.push("", true);
  }

  /** @param {string} text */
  typing(text) {
    if (this.phase === "open") this.#typist.changed(text);
  }

  /** Back to the form. */
  reset() {
    this.link.close();
    this.thread = new Thread();
    this.outbox.items = [];
    this.gone = false;
    this.kept = nothing();
    this.#changed();
  }

  /** Whether a file may be sent now. */
  get takesFiles() {
    const { limits } = this.files;
    return this.phase === "open" && limits !== null && (!limits.need_agent || this.thread.has("agent"));
  }

  #newFiles() {
    return new Files({
      nodes: this.options.nodes,
      address: () => ({ chat: this.kept.chat, authorization: `Bearer ${this.kept.key}` }),
      onChange: () => this.options.onChange(),
    });
  }

  #changed() {
    this.outbox.settle(this.thread);
    this.kept.items = this.outbox.items;
    this.options.store.write(this.kept);
    this.options.onChange();
  }

  /** First on each new socket. */
  async #begin() {
    try {
      if (this.phase === "starting") await this.#start();
      else await this.#resume();
    } catch (error) {
      if (!(error instanceof Refused) || error.retry) throw error;
      if (this.phase === "starting") {
        this.refused = error.code;
        this.kept = nothing();
      } else if (GONE.includes(error.code)) {
        this.gone = error.code !== "ended";
        this.kept.phase = "ended";
      } else throw error;
      this.link.close();
      this.#changed();
    }
  }

  async #start() {
    const answer = await this.link.ask("start", this.kept.form);
    this.kept.chat = answer.chat;
    this.kept.key = answer.key;
    this.kept.number = answer.next_command ?? 1;
    // A leave that was asked for while it started comes after it.
    if (this.kept.phase === "starting") this.kept.phase = "open";
    this.kept.form = {};
    this.#changed();
  }

  async #resume() {
    const { chat, key } = this.kept;
    const answer = await this.link.ask("resume", { chat, key, position: this.thread.next });
    this.kept.number = Math.max(this.kept.number, answer.next_command ?? 1);
  }

  /** @param {import("./link.js").Frame} frame */
  #event(frame) {
    if (frame.event !== "chat" || frame.chat !== this.kept.chat) return;
    this.thread.take(frame);
    if (this.thread.ended && this.phase !== "ended") {
      this.kept.phase = "ended";
      for (const item of this.outbox.waiting) {
        if (item.leave) this.outbox.remove(item);
        else item.failed = "ended";
      }
      this.link.close();
    }
    this.#changed();
  }

  /** @param {import("./thread.js").Item} item */
  async #deliver(item) {
    for (;;) {
      if (item.number === undefined) Object.assign(item, { number: this.kept.number, run: this.#run });
      this.#changed();
      const { number = 0, run, text } = item;
      try {
        const answer = item.leave
          ? await this.link.insist("leave", { number, run })
          : await this.link.insist("send", { number, run, text });
        this.kept.number = Math.max(this.kept.number, number + 1);
        return answer;
      } catch (error) {
        const other = error instanceof Refused ? otherNumber(error, number) : 0;
        if (!other) {
          if (item.leave) this.kept.phase = "open";
          throw error;
        }
        this.kept.number = other;
        delete item.number;
        delete item.run;
      }
    }
  }

  /**
   * @param {unknown} error
   * @returns {string | null}
   */
  #verdict(error) {
    if (error instanceof Lost) return this.phase === "ended" ? "ended" : null;
    if (!(error instanceof Refused)) throw error;
    if (GONE.includes(error.code)) {
      this.kept.phase = "ended";
      this.link.close();
    }
    return error.code;
  }

  /**
   * @param {boolean} started
   * @param {string} preview
   */
  #tellTyping(started, preview) {
    if (this.link.state !== "open") return;
    this.link.ask("typing", started ? { started, preview } : { started }).catch(() => {
      // It may be dropped; the next one comes soon.
    });
  }
}

/**
 * The number to take instead, when a second tab with a copy of this chat was faster, or an earlier refusal used none up.
 * @param {Refused} error
 * @param {number} number
 */
function otherNumber(error, number) {
  if (error.code === "id_in_use") return number + 1;
  return error.code === "expected" && error.details.expected !== number ? Number(error.details.expected) : 0;
}
