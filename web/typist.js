// Tells the other side that somebody is typing: at once, then now and then, and when they stop. Such a notice may get
// lost, so it is repeated while they type.

const EVERY_MS = 900;
const IDLE_MS = 5000;
const PREVIEW_MAX = 500;

export class Typist {
  #typing = false;
  #text = "";
  #sentAt = 0;
  #sendTimer = 0;
  #idleTimer = 0;

  /** @param {(started: boolean, text: string) => void} tell */
  constructor(tell) {
    this.tell = tell;
  }

  /** @param {string} text all that is in the field now */
  changed(text) {
    clearTimeout(this.#idleTimer);
    if (!text.trim()) return this.stop();
    this.#text = start(text, PREVIEW_MAX);
    this.#idleTimer = setTimeout(() => this.stop(), IDLE_MS);
    if (this.#sendTimer) return;
    const wait = Math.max(0, this.#sentAt + EVERY_MS - Date.now());
    this.#sendTimer = setTimeout(() => this.#send(), wait);
  }

  #send() {
    this.#sendTimer = 0;
    this.#sentAt = Date.now();
    this.#typing = true;
    this.tell(true, this.#text);
  }

  /** They stopped, or their message is sent: then the message itself says so. */
  stop(quietly = false) {
    clearTimeout(this.#sendTimer);
    clearTimeout(this.#idleTimer);
    this.#sendTimer = 0;
    if (this.#typing && !quietly) this.tell(false, "");
    this.#typing = false;
  }
}

/**
 * The beginning of a text, which does not end within a character: half an emoji is no text.
 * @param {string} text
 * @param {number} max in UTF-16 units
 */
function start(text, max) {
  const cut = text.slice(0, max);
  return cut.length < text.length ? cut.replace(/[\ud800-\udbff]$/, "") : cut;
}
