// Files of one chat, over HTTP beside its connection: what may be sent, sending, fetching, and taking back.

import { Lost, Refused } from "./errors.js";
import type { Nodes } from "./nodes.js";
import { scope, sleep, type HttpAnswer, type HttpReply, type HttpRequest, type Platform } from "./platform.js";
import { send, type Watching } from "./sending.js";

/** How often nodes are asked, one after the other, before it is said that nobody answers. */
const TRIES = 12;
const PAUSE_MS = 500;

/** What may be sent in this chat. */
export interface FileLimits {
  readonly files_max: number;
  readonly file_bytes_max: number;
  readonly total_bytes_max?: number;
  /** A customer waits for an agent before they send any. */
  readonly need_agent: boolean;
  /** Endings of names, without the dot. */
  readonly types: readonly string[];
}

/** A file that is to be sent. In a browser a `File`; elsewhere its name, its size in bytes and a `Blob`. */
export interface UploadFile {
  readonly name: string;
  readonly size: number;
  /** What is put in the form; the file itself where it is not given. In React Native: `{ uri, name, type }`. */
  readonly content?: unknown;
}

/** What is said of a file that is sent, and who is told how far it is. */
export interface UploadOptions extends Watching {
  /** What the file is. */
  readonly description?: string;
}

/** What became of an upload. */
export interface Uploaded {
  /** It is shown when it has been looked through. */
  readonly held: boolean;
}

/** Whose files, and what shows that they may be asked for. */
interface Address {
  chat: string;
  authorization: string;
}

/** The files of a chat. */
export class Files {
  readonly #platform: Platform;
  readonly #nodes: Nodes;
  readonly #address: () => Address;
  readonly #changed: () => void;
  #limits: FileLimits | null = null;
  #learning = false;

  /** @internal */
  constructor(platform: Platform, nodes: Nodes, address: () => Address, changed: () => void) {
    this.#platform = platform;
    this.#nodes = nodes;
    this.#address = address;
    this.#changed = changed;
  }

  /** What may be sent; null: that is not known yet, or there are no files in this chat. */
  get limits(): FileLimits | null {
    return this.#limits;
  }

  /** @internal Asks what may be sent, once. */
  async learn(): Promise<void> {
    if (this.#learning || !this.#platform.canFetch) return;
    this.#learning = true;
    try {
      const answer = await this.#ask("", "GET", this.#fetch);
      const { limits } = JSON.parse(await answer.text()) as { limits: FileLimits | null };
      this.#limits = limits && limits.files_max > 0 ? limits : null;
      this.#changed();
    } catch {
      // Asked again with the next connection.
      this.#learning = false;
    }
  }

  /**
   * Sends a file. Rejects with `Refused`, whose code is `file_type` or `too_large` where that is known beforehand and
   * `cancelled` where its signal stopped it, or with `Lost` where no node answers.
   */
  async upload(file: UploadFile, options: UploadOptions = {}): Promise<Uploaded> {
    const limits = this.#limits;
    const ending = file.name.split(".").pop()?.toLowerCase() ?? "";
    if (limits && !limits.types.includes(ending)) {
      throw new Refused({
        code: "file_type",
        message: `Files of this kind are not taken, but ${limits.types.join(", ")}.`,
      });
    }
    if (limits && file.size > limits.file_bytes_max) {
      throw new Refused({ code: "too_large", message: `A file may have ${limits.file_bytes_max} bytes.` });
    }
    const { FormData } = scope;
    if (!FormData) throw new Error("There is no FormData here, which files are sent in.");
    const form = new FormData();
    // With its own id, what is repeated at another node is sent once.
    form.append("client_id", this.#platform.newId());
    if (options.description) form.append("description", options.description);
    if (file.content === undefined) form.append("file", file);
    else form.append("file", file.content, file.name);
    const { signal } = options;
    const post = (url: string, request: HttpRequest) => send(this.#platform, url, { ...request, body: form }, options);
    const answer = await this.#ask("", "POST", post, () => signal?.aborted === true);
    return { held: answer.status === 202 };
  }

  /** The bytes of a file that somebody sent. Rejects with `Refused` or `Lost`. */
  async download(id: string): Promise<ArrayBuffer> {
    const answer = await this.#ask(`/${encodeURIComponent(id)}`, "GET", this.#fetch);
    return answer.arrayBuffer();
  }

  /** Takes a file back: a customer one of their own, an agent any that they see. */
  async remove(id: string): Promise<void> {
    await this.#ask(`/${encodeURIComponent(id)}`, "DELETE", this.#fetch);
  }

  readonly #fetch = (url: string, request: HttpRequest): Promise<HttpAnswer> => this.#platform.fetch(url, request);

  /** Asks one node after the other by `call`, until one answers. */
  async #ask<Reply extends HttpReply>(
    rest: string,
    method: string,
    call: (url: string, request: HttpRequest) => Promise<Reply>,
    cancelled = () => false,
  ): Promise<Reply> {
    for (let at = 0; at < TRIES; at += 1) {
      const answer = cancelled() ? null : await this.#try(at, rest, method, call);
      if (cancelled()) throw new Refused({ code: "cancelled", message: "The file is not sent." });
      if (answer?.ok) return answer;
      const refused = answer ? await refusedBy(answer) : null;
      if (refused && !refused.retry) throw refused;
      await sleep(Math.max(PAUSE_MS, refused?.retryMs ?? 0));
    }
    throw new Lost("No node answers.");
  }

  /** Null: this node does not answer. */
  async #try<Reply>(
    at: number,
    rest: string,
    method: string,
    call: (url: string, request: HttpRequest) => Promise<Reply>,
  ): Promise<Reply | null> {
    const { chat, authorization } = this.#address();
    const nodes = this.#nodes.fromCurrent;
    const url = `${nodes[at % nodes.length] ?? this.#nodes.current}/v1/chats/${chat}/files${rest}`;
    try {
      return await call(url, { method, headers: { authorization }, cache: "no-store" });
    } catch {
      return null;
    }
  }
}

/** The refusal in an answer: a problem document, or a proxy's own page. */
export async function refusedBy(answer: HttpReply): Promise<Refused> {
  const passes = [429, 502, 503, 504].includes(answer.status);
  const text = await answer.text().catch(() => "");
  let problem: { code?: unknown; detail?: unknown; title?: unknown; retry_ms?: unknown } = {};
  try {
    problem = JSON.parse(text) as typeof problem;
  } catch {
    // Not one of ours.
  }
  const words = [problem.detail, problem.title].find((word) => typeof word === "string");
  return new Refused({
    code: typeof problem.code === "string" ? problem.code : "error",
    message: words ?? `HTTP ${answer.status}`,
    retry: passes || typeof problem.retry_ms === "number",
    ...(typeof problem.retry_ms === "number" ? { retry_ms: problem.retry_ms } : {}),
  });
}
