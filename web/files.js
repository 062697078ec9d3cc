// Files of one chat, over HTTP beside its socket: what may be sent, sending, and saving what others sent.

import { byId, setText, show } from "./dom.js";
import { newId, sleep } from "./link.js";

/** How often a node is asked, one after the other, before it is said that it does not work. */
const TRIES = 12;
const PAUSE_MS = 500;

/**
 * @typedef {object} Limits
 * @property {number} files_max
 * @property {number} file_bytes_max
 * @property {boolean} need_agent
 * @property {string[]} types endings of names
 */
/** @typedef {{chat: string, authorization: string}} Address whose files, and what shows that they may be asked for */

export class Files {
  /** @type {Limits | null} null: not known yet, or there are none */
  limits = null;
  /** The name of the file that is on its way. */
  sending = "";
  /** Why the last one was not sent, as a code. */
  problem = "";
  /** The last one is shown when it has been looked through. */
  held = false;
  #learning = false;

  /**
   * @param {object} options
   * @param {string[]} options.nodes base URLs, tried in turn
   * @param {() => Address} options.address
   * @param {() => void} options.onChange
   */
  constructor(options) {
    this.options = options;
  }

  /** Asks what may be sent, once. */
  async learn() {
    if (this.#learning) return;
    this.#learning = true;
    const answer = await this.#ask("");
    const listed = answer?.ok ? await answer.json() : null;
    // Not answered: asked again with the next connection.
    if (!listed) this.#learning = false;
    this.limits = listed?.limits?.files_max > 0 ? listed.limits : null;
    this.options.onChange();
  }

  /** @param {File} file */
  async send(file) {
    if (!this.limits || this.sending) return;
    const ending = file.name.split(".").at(-1)?.toLowerCase() ?? "";
    this.held = false;
    this.problem = "";
    if (!this.limits.types.includes(ending)) this.problem = "file_type";
    else if (file.size > this.limits.file_bytes_max) this.problem = "too_large";
    if (this.problem) return this.options.onChange();
    this.sending = file.name;
    this.options.onChange();
    const form = new FormData();
    // With its own id, what is repeated at another node is sent once.
    form.append("client_id", newId());
    form.append("file", file);
    const answer = await this.#ask("", { method: "POST", body: form });
    const said = await answer?.json().catch(() => null);
    this.sending = "";
    this.held = answer?.ok === true && said?.held === true;
    if (!answer?.ok) this.problem = said?.code ?? "error";
    this.options.onChange();
  }

  /**
   * Saves a file of the chat where the browser saves files.
   * @param {string} id
   * @param {string} name
   */
  async save(id, name) {
    const answer = await this.#ask(`/${id}`);
    this.problem = answer?.ok ? "" : "error";
    this.options.onChange();
    if (!answer?.ok) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await answer.blob());
    link.download = name;
    link.click();
    // After the browser has taken it over.
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }

  /**
   * @param {string} rest of the path
   * @param {RequestInit} [init]
   * @returns {Promise<Response | null>} null: nobody answers
   */
  async #ask(rest, init = {}) {
    const { chat, authorization } = this.options.address();
    const { nodes } = this.options;
    for (let at = 0; at < TRIES; at += 1) {
      try {
        const url = `${nodes[at % nodes.length]}/v1/chats/${chat}/files${rest}`;
        const answer = await fetch(url, { ...init, headers: { authorization }, cache: "no-store" });
        if (answer.status !== 503 && answer.status !== 504) return answer;
      } catch {
        // The next node.
      }
      await sleep(PAUSE_MS);
    }
    return null;
  }
}

/**
 * "12 kB", in the page's language.
 * @param {number} bytes
 * @param {string} language
 */
export function size(bytes, language) {
  const large = bytes >= 1_000_000;
  const unit = large ? "megabyte" : "kilobyte";
  const value = bytes / (large ? 1_000_000 : 1000);
  const format = { style: "unit", unit, maximumFractionDigits: value < 10 ? 1 : 0 };
  return new Intl.NumberFormat(language, /** @type {Intl.NumberFormatOptions} */ (format)).format(value);
}

/** What problems are called; a code that is not here is an error. */
const PROBLEMS = /** @type {const} */ ({
  file_type: "fileType",
  too_large: "fileTooLarge",
  too_many: "fileTooMany",
  infected: "fileInfected",
});

/** @typedef {"fileSending" | "fileHeld" | "fileError" | (typeof PROBLEMS)[keyof typeof PROBLEMS]} Words */

/**
 * What is to be said of the files that are sent.
 * @param {Files} files
 * @param {(key: Words, name?: string) => string} say
 */
function note(files, say) {
  if (files.sending) return say("fileSending", files.sending);
  if (files.held) return say("fileHeld");
  const { problem } = files;
  if (!problem) return "";
  return say(problem in PROBLEMS ? PROBLEMS[/** @type {keyof typeof PROBLEMS} */ (problem)] : "fileError");
}

/**
 * The button and the line for files, the same on both pages.
 * @param {Files} files
 * @param {{takes: boolean, speaks: boolean}} how whether one may be sent now; whether there is anybody to be told
 * @param {(key: Words, name?: string) => string} say
 */
export function drawFiles(files, { takes, speaks }, say) {
  const button = /** @type {HTMLButtonElement} */ (byId("attach"));
  show(button, takes);
  button.disabled = files.sending !== "";
  const text = speaks ? note(files, say) : "";
  show(byId("file-note"), text !== "");
  setText(byId("file-note"), text);
}

/**
 * A button that opens the choice of a file.
 * @param {HTMLElement} button
 * @param {HTMLInputElement} input
 * @param {(file: File) => void} onFile
 */
export function picker(button, input, onFile) {
  button.addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    const [file] = input.files ?? [];
    if (file) onFile(file);
    input.value = "";
  });
}
