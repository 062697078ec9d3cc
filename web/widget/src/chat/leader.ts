// The chat of the tab that leads: the SDK does all the talking; here it becomes plain data that other tabs can be told.

import { CustomerChat, Refused, storageStore, type CustomerItem, type StorageLike } from "@handoff/sdk";
import type { ChatCommand, ChatState, FileState, Pending, Place, Rated, Talk } from "./state.js";

const NO_FILE = { sending: "", part: 0, held: false, problem: "" };

/** A customer's chat in this tab. */
export class LeaderChat implements Talk {
  readonly #chat: CustomerChat;
  readonly #changed: (state: ChatState) => void;
  /** When each message was first seen here. */
  readonly #written = new Map<string, number>();
  #files: Omit<FileState, "takes"> = NO_FILE;
  /** Those that wait for the one that is on its way. */
  readonly #queue: File[] = [];
  #cancel: AbortController | null = null;
  #rated: Rated = "no";
  #listed: ChatState["events"] = [];
  #refused = { code: "", field: "" };

  /**
   * @param storage shared by all tabs of the site
   * @param name under which the chat is kept
   */
  constructor(nodes: readonly string[], storage: StorageLike, name: string, changed: (state: ChatState) => void) {
    this.#changed = changed;
    this.#chat = new CustomerChat({ nodes: [...nodes], store: storageStore(storage, name) });
    this.#chat.subscribe(() => this.#tell());
    this.#chat.on("refused", (error) => {
      const { field } = error.details as { field?: unknown };
      const named = typeof field === "string" ? field : "";
      if (!named || named.startsWith("user_data.")) complain(error);
      this.#refused = { code: error.code, field: named };
    });
    this.#chat.on("event", ({ type, by }) => {
      if (type !== "file_uploaded" || !this.#chat.thread.isMine(by) || !this.#files.held) return;
      // It was looked through, and is in the chat now.
      this.#files = { ...this.#files, held: false };
      this.#tell();
    });
    this.#tell();
  }

  ask(command: ChatCommand): void {
    switch (command.do) {
      case "start":
        this.#fresh();
        this.#chat.start(command.form);
        break;
      case "send":
        // Who goes on has read what became of their file.
        this.#files = { ...this.#files, problem: "" };
        this.#chat.send(command.text);
        break;
      case "reply":
        this.#chat.reply(command.to, { ...command.content });
        break;
      case "again":
      case "remove":
        this.#mend(command.id, command.do);
        break;
      case "typing":
        this.#chat.typing(command.text);
        break;
      case "read":
        this.#chat.read();
        break;
      case "attach":
        this.#chat.attach({ ...command.data }).catch((error: unknown) => {
          // A chat that ended meanwhile needs no data.
          if (this.#chat.phase === "open") complain(error);
        });
        break;
      case "file":
        this.#queue.push(command.file);
        if (this.#queue.length === 1) void this.#upload(command.file);
        break;
      case "cancel_file":
        this.#cancel?.abort();
        break;
      case "rate":
        void this.#rate(command.score, command.text);
        break;
      case "leave":
        this.#chat.leave();
        break;
      case "reset":
        this.#fresh();
        this.#chat.reset();
        break;
      case "wake":
        this.#chat.wake();
    }
  }

  async file(id: string): Promise<Blob> {
    return new Blob([await this.#chat.files.download(id)]);
  }

  close(): void {
    this.#chat.close();
  }

  #fresh(): void {
    this.#files = NO_FILE;
    this.#rated = "no";
    this.#refused = { code: "", field: "" };
  }

  #mend(id: string, how: "again" | "remove"): void {
    const item = this.#chat.pending.find((one) => one.id === id);
    // Another tab may have been faster.
    if (item?.state !== "failed") return;
    if (how === "again") this.#chat.resend(item);
    else this.#chat.discard(item);
  }

  async #upload(file: File): Promise<void> {
    const cancel = new AbortController();
    this.#cancel = cancel;
    const progress = (part: number) => {
      this.#files = { ...NO_FILE, sending: file.name, part };
      this.#tell();
    };
    progress(0);
    try {
      const { held } = await this.#chat.files.upload(file, { progress, signal: cancel.signal });
      this.#files = { ...NO_FILE, held };
    } catch (error) {
      const code = error instanceof Refused ? error.code : "lost";
      this.#files = { ...NO_FILE, problem: code === "cancelled" ? "" : code };
    }
    this.#tell();
    this.#queue.shift();
    const [next] = this.#queue;
    if (next) void this.#upload(next);
  }

  async #rate(score: number, text: string): Promise<void> {
    if (this.#rated === "sending" || this.#rated === "yes") return;
    this.#rated = "sending";
    this.#tell();
    try {
      await this.#chat.rate(score, text);
      this.#rated = "yes";
    } catch (error) {
      // Another tab, or a try whose answer was lost, has rated it.
      this.#rated = error instanceof Refused && error.code === "rated" ? "yes" : "failed";
    }
    this.#tell();
  }

  #tell(): void {
    const { thread } = this.#chat;
    this.#changed({
      phase: this.#chat.phase,
      chat: this.#chat.key?.chat ?? "",
      connection: this.#chat.connection,
      refused: this.#chat.refused,
      refusedField: this.#refused.field,
      gone: this.#chat.gone,
      events: this.#events(),
      participants: [...thread.participants.values()],
      seenThrough: thread.seenThrough,
      typing: thread.typists.map(({ by }) => by.number),
      pending: this.#pending(),
      unread: this.#chat.unread,
      queue: this.#place(),
      files: { ...this.#files, takes: this.#chat.takesFiles },
      rated: this.#rated,
      bytesMax: this.#chat.textBytesMax,
      clockBehind: thread.clockBehind,
    });
  }

  /** The same list as long as nothing was added: then nothing of it is drawn or told anew. */
  #events(): ChatState["events"] {
    const { events } = this.#chat.thread;
    if (events.length !== this.#listed.length || events[0] !== this.#listed[0]) this.#listed = [...events];
    return this.#listed;
  }

  #place(): Place | null {
    const { queue } = this.#chat;
    return queue && { place: queue.place, waitS: queue.wait_s };
  }

  #pending(): Pending[] {
    const bytesMax = this.#chat.textBytesMax ?? 0;
    return this.#chat.pending.map((item) => ({
      id: item.id,
      text: words(item),
      at: this.#writtenAt(item.id),
      failed: item.state === "failed" ? (item.reason ?? "error") : "",
      bytesMax,
    }));
  }

  #writtenAt(id: string): number {
    const at = this.#written.get(id) ?? Date.now() + this.#chat.thread.clockBehind;
    this.#written.set(id, at);
    return at;
  }
}

/** What people read of something that waits; the answer to a rich message is shown when it has come. */
function words({ command }: CustomerItem): string {
  return command.do === "send" ? command.text : "…";
}

/** What its visitor can't mend is said to the website: data beyond the limits, say. */
function complain(error: unknown): void {
  console.error("handoff:", error instanceof Error ? error.message : error);
}
