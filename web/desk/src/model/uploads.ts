// Files on their way: how far they are, what became of them, and their cancelling.

import { signal, type ReadonlySignal } from "@preact/signals";
import { Lost, Refused, type AgentChat } from "@handoff/sdk";

/** A file on its way. */
export interface Upload {
  readonly id: number;
  readonly chat: string;
  readonly file: File;
  /** How much of it is sent, 0 to 1. */
  readonly part: number;
  readonly state: "sending" | "held" | "failed";
  /** Why it failed: a refusal's code, or `lost`. */
  readonly reason: string;
}

/** Why they failed, for which trying again is of no use. */
const FINAL: readonly string[] = ["file_type", "too_large", "infected"];

/** All files on their way. */
export class Uploads {
  readonly #all = signal<readonly Upload[]>([]);
  readonly #cancels = new Map<number, AbortController>();
  #next = 1;

  /** Those of all chats, oldest first. */
  get all(): ReadonlySignal<readonly Upload[]> {
    return this.#all;
  }

  /** Sends files, one after the other. */
  async send(chat: AgentChat, files: readonly File[]): Promise<void> {
    const made = files.map((file) => this.#add(chat.id, file));
    for (const upload of made) await this.#run(chat, upload);
  }

  /** Sends one that failed once more. */
  async again(chat: AgentChat, upload: Upload): Promise<void> {
    this.dismiss(upload.id);
    await this.send(chat, [upload.file]);
  }

  /** Stops one that is on its way, or takes away what is told of it. */
  dismiss(id: number): void {
    this.#cancels.get(id)?.abort();
    this.#all.value = this.#all.value.filter((one) => one.id !== id);
  }

  /** Nothing is on its way any more. */
  clear(): void {
    for (const { id } of this.#all.value) this.dismiss(id);
  }

  /** Whether it may be tried again. */
  static canRetry(upload: Upload): boolean {
    return upload.state === "failed" && !FINAL.includes(upload.reason);
  }

  #add(chat: string, file: File): Upload {
    const upload: Upload = { id: this.#next, chat, file, part: 0, state: "sending", reason: "" };
    this.#next += 1;
    this.#all.value = [...this.#all.value, upload];
    return upload;
  }

  #change(id: number, change: Partial<Upload>): void {
    this.#all.value = this.#all.value.map((one) => (one.id === id ? { ...one, ...change } : one));
  }

  async #run(chat: AgentChat, { id, file }: Upload): Promise<void> {
    // It may have been taken away before its turn came.
    if (!this.#all.value.some((one) => one.id === id)) return;
    const cancel = new AbortController();
    this.#cancels.set(id, cancel);
    try {
      const progress = (part: number) => this.#change(id, { part });
      const { held } = await chat.files.upload(file, { progress, signal: cancel.signal });
      if (held) this.#change(id, { state: "held", part: 1 });
      else this.#all.value = this.#all.value.filter((one) => one.id !== id);
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Lost)) throw error;
      this.#change(id, { state: "failed", reason: error instanceof Refused ? error.code : "lost" });
    } finally {
      this.#cancels.delete(id);
    }
  }
}
