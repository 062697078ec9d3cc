// One logical connection to the cluster over whichever socket is up: it reconnects by itself, to another node if it must,
// and repeats what was not answered. Both pages use it; what is said over it is in docs/asyncapi.

/** No hello within this time: the next node is tried. */
const CONNECT_MS = 4000;
/** The server beats every 2 s; a socket that is silent for this long is given up, whatever the browser says of it. */
const SILENCE_MS = 6000;
/** The server answers each command long before. */
const ANSWER_MS = 15000;
const BACKOFF_MIN_MS = 250;
const BACKOFF_MAX_MS = 8000;
const RETRY_MS = 600;
/** The server asks for patience: it was too much for it. */
const CLOSED_TRY_AGAIN = 1013;

/** @typedef {Record<string, any>} Frame */
/** @typedef {"connecting" | "open" | "reconnecting" | "closed"} LinkState */

/** The server's definite no. */
export class Refused extends Error {
  /** @param {Frame} error as it came */
  constructor(error) {
    super(String(error.message ?? error.code));
    this.code = String(error.code);
    // "unknown": it may have been carried out. All that the pages repeat is harmless to repeat.
    this.retry = error.retry === true || error.code === "unknown";
    this.details = error;
  }
}

/** The socket went before the answer came: whether the command was carried out is not known. */
export class Lost extends Error {}

/** An id that nobody can guess and that is never used twice. `randomUUID` is missing where the page came over plain http. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {number} ms */
export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** The nodes that the page may turn to, as base URLs: the one it came from first. */
export function listedNodes() {
  const meta = /** @type {HTMLMetaElement | null} */ (document.querySelector("meta[name=handoff-nodes]"));
  const listed = (meta?.content ?? "").split(",").map((url) => url.trim());
  return [...new Set([location.origin, ...listed.filter(Boolean)])];
}

export class Link {
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {Map<string, {resolve: (frame: Frame) => void, reject: (error: Error) => void, timer: number}>} */
  #asked = new Map();
  /** @type {Array<() => void>} those who wait until it is open, or closed for good */
  #waiting = [];
  /** @type {LinkState} */
  #state = "closed";
  #node = 0;
  #failures = 0;
  #heardAt = 0;
  #greeted = false;
  #retryTimer = 0;
  #watchTimer = 0;

  /**
   * @param {object} options
   * @param {string} options.path of the socket
   * @param {string[]} options.nodes base URLs, tried in turn
   * @param {(link: Link) => Promise<void>} options.begin what comes first on each new socket: sign in, start, resume
   * @param {(frame: Frame) => void} options.onEvent
   * @param {(state: LinkState) => void} options.onState
   */
  constructor(options) {
    this.options = options;
    addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) {
        this.#watch();
        this.#hurry();
      }
    });
  }

  get state() {
    return this.#state;
  }

  /** Begins to connect, and keeps connected until `close`. */
  open() {
    if (this.#state !== "closed") return;
    this.#failures = 0;
    this.#become("connecting");
    this.#connect();
  }

  close() {
    if (this.#state === "closed") return;
    this.#become("closed");
    clearTimeout(this.#retryTimer);
    this.#retryTimer = 0;
    this.#letGo();
    this.#wake();
  }

  /**
   * Sends a command over the socket that is up now. Rejects with `Refused`, or `Lost` where the answer is unknown.
   * @param {string} what
   * @param {Frame} [fields]
   * @param {string} [id]
   * @returns {Promise<Frame>}
   */
  ask(what, fields = {}, id = newId()) {
    const socket = this.#socket;
    if (!socket || !this.#greeted || socket.readyState !== WebSocket.OPEN) {
      return Promise.reject(new Lost("no socket"));
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#lost(socket), ANSWER_MS);
      this.#asked.set(id, { resolve, reject, timer });
      socket.send(JSON.stringify({ ...fields, id, do: what }, whole));
    });
  }

  /**
   * Sends a command until its answer is definite, with the same id over all sockets: only for what is harmless to repeat.
   * @param {string} what
   * @param {Frame} [fields]
   * @param {string} [id]
   * @returns {Promise<Frame>}
   */
  async insist(what, fields = {}, id = newId()) {
    for (;;) {
      await this.#whenOpen();
      try {
        return await this.ask(what, fields, id);
      } catch (error) {
        if (error instanceof Refused && !error.retry) throw error;
        // Who is over a limit is told when they may come again.
        if (error instanceof Refused) await sleep((error.details.retry_ms ?? 0) + RETRY_MS * (0.5 + Math.random()));
        else if (!(error instanceof Lost)) throw error;
      }
    }
  }

  /** @param {LinkState} state */
  #become(state) {
    if (this.#state === state) return;
    this.#state = state;
    this.options.onState(state);
  }

  /** @returns {Promise<void>} */
  async #whenOpen() {
    while (this.#state !== "open") {
      if (this.#state === "closed") throw new Lost("closed");
      await new Promise((wake) => this.#waiting.push(() => wake(undefined)));
    }
  }

  #wake() {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #connect() {
    this.#retryTimer = 0;
    const node = this.options.nodes[this.#node % this.options.nodes.length];
    const socket = new WebSocket(node.replace(/^http/, "ws") + this.options.path);
    this.#socket = socket;
    this.#greeted = false;
    this.#heardAt = Date.now();
    socket.onmessage = (message) => {
      if (socket === this.#socket) this.#hear(socket, message.data);
    };
    socket.onclose = (close) => this.#lost(socket, close.code);
    this.#watchTimer = setInterval(() => this.#watch(), 500);
  }

  /** Timers may come late in a hidden tab; what was heard meanwhile counts all the same. */
  #watch() {
    const limit = this.#greeted ? SILENCE_MS : CONNECT_MS;
    if (this.#socket && Date.now() - this.#heardAt > limit) this.#lost(this.#socket);
  }

  /** Who has come back online, or to the tab, does not wait for the timer. */
  #hurry() {
    if (!this.#retryTimer) return;
    clearTimeout(this.#retryTimer);
    this.#connect();
  }

  /**
   * @param {WebSocket} socket
   * @param {unknown} data
   */
  #hear(socket, data) {
    this.#heardAt = Date.now();
    const frame = parse(data);
    if (!frame) return;
    if (typeof frame.answer === "string") this.#answered(frame);
    else if (frame.event === "hello") this.#begin(socket);
    else if (frame.event === "moved") this.#lost(socket);
    else if (frame.event !== "beat") this.options.onEvent(frame);
  }

  /** @param {Frame} frame */
  #answered(frame) {
    const asked = this.#asked.get(frame.answer);
    if (!asked) return;
    this.#asked.delete(frame.answer);
    clearTimeout(asked.timer);
    if (frame.ok) asked.resolve(frame);
    else asked.reject(new Refused(frame.error ?? { code: "unknown" }));
  }

  /** @param {WebSocket} socket */
  async #begin(socket) {
    this.#greeted = true;
    try {
      await this.options.begin(this);
    } catch (error) {
      if (socket !== this.#socket) return;
      if (!(error instanceof Lost || error instanceof Refused)) console.error(error);
      this.#lost(socket);
      return;
    }
    if (socket !== this.#socket) return;
    this.#failures = 0;
    this.#become("open");
    this.#wake();
  }

  /**
   * Turns to the next node, after a random part of a time that doubles ("full jitter"): the thousands who lost the same
   * node must not come back all at once.
   * @param {WebSocket} socket
   * @param {number} [code]
   */
  #lost(socket, code) {
    if (socket !== this.#socket) return;
    this.#letGo();
    if (this.#state === "closed") return;
    this.#node += 1;
    if (code === CLOSED_TRY_AGAIN) this.#failures = Math.max(this.#failures, 3);
    const most = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** this.#failures);
    this.#failures += 1;
    if (this.#state === "open") this.#become("reconnecting");
    this.#retryTimer = setTimeout(() => this.#connect(), Math.random() * most);
  }

  #letGo() {
    const socket = this.#socket;
    this.#socket = null;
    clearInterval(this.#watchTimer);
    socket?.close();
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    for (const one of asked) {
      clearTimeout(one.timer);
      one.reject(new Lost("the socket went"));
    }
  }
}

/**
 * A text without halves of characters, of which the server takes none: what was pasted may have some.
 * @param {string} _key
 * @param {unknown} value
 */
function whole(_key, value) {
  return typeof value === "string" ? value.replace(/\p{Surrogate}/gu, "\ufffd") : value;
}

/**
 * @param {unknown} data
 * @returns {Frame | null}
 */
function parse(data) {
  try {
    const frame = JSON.parse(String(data));
    return frame !== null && typeof frame === "object" ? frame : null;
  } catch {
    return null;
  }
}
