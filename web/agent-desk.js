// The agent's desk over the agent socket, without a page: sign-in, status, offers, and each chat with what is yet to send.
// The server's word is the whole desk after each change, the same in all windows; this only adds what is this window's own.

import { Files } from "./files.js";
import { Link, Lost, Refused } from "./link.js";
import { Outbox, Thread } from "./thread.js";
import { Typist } from "./typist.js";

/** @typedef {import("./link.js").Frame} Frame */
/** @typedef {import("./thread.js").Item} Item */
/** @typedef {"force_close" | "close_if_no_agents" | "keep_alive"} How */
/**
 * @typedef {object} Work an offer or a chat, as the server tells it
 * @property {string} chat
 * @property {string} queue
 * @property {"offered" | "accepting" | "chatting" | "over"} stage
 * @property {number} [left_ms]
 * @property {string} [why]
 * @property {{nickname: string, subject: string, since: number, priority: number, data: Record<string, string>, left_out?: number, verified?: boolean}} customer
 */
/** @typedef {{work: Work, endsAt: number, totalMs: number, accepting: boolean}} Offer */
/**
 * @typedef {object} Kept what survives a reload
 * @property {string} name
 * @property {string} token
 * @property {string} past a token whose time was over: it shows every node that this is no stranger who guesses
 * @property {Record<string, Item[]>} items
 * @property {string} selected
 */

/** @returns {Kept} */
export const nothing = () => ({ name: "", token: "", past: "", items: {}, selected: "" });

/** One chat in this window. */
export class Chat {
  thread = new Thread();
  unread = 0;
  draft = "";
  /** Why it is over for this agent; empty while they have it. */
  over = "";
  /** They asked to leave. */
  leaving = false;
  /** @type {Files} */
  files;
  /** @type {Frame | null} contact and earlier records */
  history = null;

  /**
   * @param {Work} work
   * @param {Link} link
   * @param {() => void} onChange
   * @param {() => string} authorization the agent's, for files
   */
  constructor(work, link, onChange, authorization) {
    this.work = work;
    const address = () => ({ chat: work.chat, authorization: authorization() });
    this.files = new Files({ nodes: link.options.nodes, address, onChange });
    const chat = work.chat;
    this.outbox = new Outbox({
      deliver: (item) => link.insist("send", { chat, text: item.text }, item.id),
      verdict: (error) => {
        if (error instanceof Refused) return error.code;
        if (error instanceof Lost) return null;
        throw error;
      },
      onChange: () => {
        this.outbox.settle(this.thread);
        onChange();
      },
    });
    this.typist = new Typist((started) => {
      if (link.state !== "open") return;
      link.ask("typing", { chat, started }).catch(() => {
        // It may be dropped; the next one comes soon.
      });
    });
  }

  /** @param {string} text */
  send(text) {
    this.typist.stop(true);
    this.outbox.push(text);
  }
}

export class Desk {
  /** @type {"out" | "signing" | "in"} */
  phase = "out";
  nickname = "";
  capacity = 0;
  /** @type {string[]} */
  queues = [];
  status = { state: "signed_out", reason: "" };
  /** Why they are signed out though they did not ask for it, as a code. */
  refused = "";
  /** @type {Map<string, Offer>} */
  offers = new Map();
  /** @type {Map<string, Chat>} oldest first */
  chats = new Map();
  /** The number of the desk's newest version. */
  #version = 0;
  #password = "";

  /**
   * @param {object} options
   * @param {string[]} options.nodes
   * @param {{read: () => Kept, write: (kept: Kept) => void}} options.store
   * @param {() => void} options.onChange
   * @param {(offer: Offer) => void} options.onOffer a new one rings
   */
  constructor(options) {
    this.options = options;
    this.kept = options.store.read();
    this.link = new Link({
      path: "/v1/agent",
      nodes: options.nodes,
      begin: () => this.#begin(),
      onEvent: (frame) => this.#event(frame),
      onState: (state) => {
        if (state === "open") for (const chat of this.chats.values()) chat.outbox.run();
        options.onChange();
      },
    });
    if (this.kept.token) {
      this.phase = "signing";
      this.link.open();
    }
  }

  /** The chat that this window shows. */
  get selected() {
    return this.chats.get(this.kept.selected) ?? null;
  }

  /**
   * @param {string} name
   * @param {string} password kept in memory until it is exchanged for a token
   */
  signIn(name, password) {
    // Who only had to show the password once more goes on with what they had not sent yet.
    this.kept = this.kept.past && this.kept.name === name ? { ...this.kept, token: "" } : { ...nothing(), name };
    this.#password = password;
    this.refused = "";
    this.phase = "signing";
    this.changed();
    this.link.open();
  }

  /** First on each new socket. */
  async #begin() {
    const { token, past } = this.kept;
    const proof = this.#password ? { password: this.#password, ...(past ? { token: past } : {}) } : { token };
    /** @type {Record<string, number>} */
    const positions = {};
    for (const [id, chat] of this.chats) if (!chat.over) positions[id] = chat.thread.next;
    this.#version = 0;
    try {
      const answer = await this.link.ask("sign_in", { name: this.kept.name, ...proof, positions });
      this.kept.token = answer.token;
      this.kept.past = "";
      this.nickname = answer.nickname;
      this.capacity = answer.capacity;
      this.queues = answer.queues ?? [];
      this.#password = "";
      this.phase = "in";
      this.changed();
    } catch (error) {
      if (!(error instanceof Refused) || (error.retry && error.code !== "slow_down")) throw error;
      const byToken = !this.#password;
      const { kept } = this;
      this.#out(byToken && error.code === "wrong_password" ? "expired" : error.code);
      if (error.code === "token_expired") this.#keep({ ...kept, token: "", past: token });
      else if (kept.past && !byToken) this.#keep(kept);
    }
  }

  /** @param {string} why */
  #out(why) {
    this.phase = "out";
    this.refused = why;
    this.#password = "";
    this.link.close();
    this.chats.clear();
    this.offers.clear();
    this.kept = { ...nothing(), name: this.kept.name };
    this.changed();
  }

  /** @param {Kept} kept */
  #keep(kept) {
    this.kept = kept;
    this.changed();
  }

  /** Draws and keeps. */
  changed() {
    /** @type {Record<string, Item[]>} */
    const items = {};
    for (const [id, chat] of this.chats) if (chat.outbox.waiting.length) items[id] = chat.outbox.waiting;
    // Before the desk is seen, what is kept from before waits for its chats.
    if (this.phase === "in" && this.#version > 0) this.kept.items = items;
    this.options.store.write(this.kept);
    this.options.onChange();
  }

  /** @param {Frame} frame */
  #event(frame) {
    if (frame.event === "desk") this.#desk(frame);
    else if (frame.event === "token" && this.phase === "in") this.#keep({ ...this.kept, token: frame.token });
    else if (frame.event === "chat") this.#chat(frame);
  }

  /** @param {Frame} frame */
  #desk(frame) {
    if (frame.version < this.#version) return;
    this.#version = frame.version;
    this.status = { state: frame.status.state, reason: frame.status.reason ?? "" };
    // Not before the sign-in's own answer: a desk that was signed out a moment ago is no news then.
    if (this.status.state === "signed_out" && this.phase === "in") return this.#out("elsewhere");
    /** @type {Work[]} */
    const work = frame.work ?? [];
    this.#takeOffers(work.filter((one) => one.stage === "offered" || one.stage === "accepting"));
    this.#takeChats(work);
    this.changed();
  }

  /** @param {Work[]} work */
  #takeOffers(work) {
    const before = this.offers;
    this.offers = new Map();
    for (const one of work) {
      const known = before.get(one.chat);
      const left = one.left_ms ?? 0;
      const accepting = one.stage === "accepting" || known?.accepting === true;
      const offer = { work: one, endsAt: Date.now() + left, totalMs: Math.max(known?.totalMs ?? 0, left), accepting };
      this.offers.set(one.chat, offer);
      if (!known && !accepting) this.options.onOffer(offer);
    }
  }

  /** @param {Work[]} work */
  #takeChats(work) {
    for (const one of work.filter((one) => one.stage === "chatting")) {
      const known = this.chats.get(one.chat);
      if (!known) this.#newChat(one);
      else Object.assign(known, { work: one, over: "" });
    }
    for (const [id, chat] of this.chats) {
      const now = work.find((one) => one.chat === id);
      if (chat.over || now?.stage === "chatting") continue;
      // What went while the windows were gone may no longer be listed when they are back.
      chat.over = now?.why ?? (this.status.reason === "lost" ? "lost" : "ended");
      chat.leaving = false;
      chat.typist.stop(true);
    }
  }

  /** @param {Work} work */
  #newChat(work) {
    const authorization = () => `Basic ${btoa(`${this.kept.name}:${this.kept.token}`)}`;
    const chat = new Chat(work, this.link, () => this.changed(), authorization);
    chat.files.learn();
    // After a reload: what was not answered goes again, with the ids it had.
    chat.outbox.items = (this.kept.items[work.chat] ?? []).map(({ id, text }) => ({ id, text }));
    this.chats.set(work.chat, chat);
    if (!this.selected || this.selected.over) this.kept.selected = work.chat;
    chat.outbox.run();
    this.#fetchHistory(work.chat, chat);
  }

  /**
   * @param {string} id
   * @param {Chat} chat
   */
  async #fetchHistory(id, chat) {
    try {
      chat.history = await this.link.insist("history", { chat: id });
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Lost)) throw error;
      chat.history = { contact: null, records: [] };
    }
    this.options.onChange();
  }

  /** @param {Frame} frame */
  #chat(frame) {
    const chat = this.chats.get(frame.chat);
    if (!chat || chat.over) return;
    const first = chat.thread.events.length === 0;
    const news = chat.thread.take(frame);
    chat.outbox.settle(chat.thread);
    const said = ["message", "rich_reply", "file_uploaded"];
    const messages = news.filter((event) => said.includes(event.type) && !chat.thread.isMine(event.by));
    if (chat !== this.selected || document.hidden)
      chat.unread += first ? Math.min(1, messages.length) : messages.length;
    this.changed();
  }

  /** @param {string} id */
  select(id) {
    this.kept.selected = id;
    const chat = this.selected;
    if (chat) chat.unread = 0;
    this.changed();
  }

  /**
   * Takes a chat that is over out of this window.
   * @param {string} id
   */
  dismiss(id) {
    this.chats.delete(id);
    if (this.kept.selected === id) this.kept.selected = [...this.chats.keys()].at(-1) ?? "";
    this.changed();
  }

  /** @returns {Promise<string>} empty, or why not */
  ready() {
    return this.#do("ready");
  }

  /** @param {string} reason */
  notReady(reason) {
    return this.#do("not_ready", { reason });
  }

  async signOut() {
    const why = await this.#do("sign_out");
    if (!why) this.#out("");
    return why;
  }

  /** @param {string} chat */
  async accept(chat) {
    const offer = this.offers.get(chat);
    if (!offer || offer.accepting) return "";
    offer.accepting = true;
    this.kept.selected = chat;
    this.changed();
    const why = await this.#do("accept", { chat });
    if (why) offer.accepting = false;
    this.changed();
    return why;
  }

  /** @param {string} chat */
  decline(chat) {
    return this.#do("decline", { chat });
  }

  /**
   * @param {string} id
   * @param {How} how
   */
  async leave(id, how) {
    const chat = this.chats.get(id);
    if (!chat) return "";
    chat.leaving = true;
    chat.typist.stop(true);
    this.changed();
    // What they wrote before comes before.
    await chat.outbox.settled();
    const why = await this.#do("leave", { chat: id, how });
    if (why) chat.leaving = false;
    this.changed();
    return why;
  }

  /**
   * A page of an earlier record of the contact.
   * @param {string} chat its id
   * @param {number} [from] the `next` of the page before
   * @returns {Promise<Frame>} `record` has the page's own events and who joined in it
   */
  transcript(chat, from) {
    return this.link.insist("transcript", from === undefined ? { chat } : { chat, from });
  }

  /**
   * @param {string} what
   * @param {Frame} [fields]
   * @returns {Promise<string>} empty when it is done; else the refusal's code
   */
  async #do(what, fields = {}) {
    try {
      await this.link.insist(what, fields);
      return "";
    } catch (error) {
      if (error instanceof Lost) return "";
      if (!(error instanceof Refused)) throw error;
      if (error.code === "not_signed_in") this.#out("expired");
      return error.code;
    }
  }
}
