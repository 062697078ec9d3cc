// One chat in several tabs: the leading tab has the connection; each tab shows the same, and asks the same way.

import { signal, type ReadonlySignal } from "@preact/signals-core";
import { NO_CHAT, type ChatCommand, type ChatState, type Talk } from "./state.js";
import { Tabs, type TabsPlatform } from "./tabs.js";

/** Everything but the events, which are told in part: long chats are not sent anew with each change. */
type Rest = Omit<ChatState, "events">;

/** What tabs say to each other. */
export type TabMessage =
  /** A tab has come, or missed something. */
  | { readonly kind: "hello" }
  | { readonly kind: "state"; readonly from: number; readonly events: ChatState["events"]; readonly rest: Rest }
  | { readonly kind: "ask"; readonly command: ChatCommand }
  | { readonly kind: "fetch"; readonly file: string; readonly to: string }
  /** Without bytes: nobody gives them. */
  | { readonly kind: "fetched"; readonly to: string; readonly bytes?: Blob };

/** What talks to the server for the leading tab, and tells each change. */
export type MakeTalk = (changed: (state: ChatState) => void) => Talk;

/** The chat as this tab sees it. */
export class SharedChat {
  readonly #state = signal<ChatState>(NO_CHAT);
  readonly #leads = signal(false);
  readonly #tabs: Tabs<TabMessage>;
  readonly #makeTalk: MakeTalk;
  readonly #fetching = new Map<string, (bytes: Blob | undefined) => void>();
  #talk: Talk | null = null;
  #told = 0;
  /** What was asked before it was known who leads. */
  readonly #early: ChatCommand[] = [];
  #known = false;

  constructor(name: string, platform: TabsPlatform, makeTalk: MakeTalk) {
    this.#makeTalk = makeTalk;
    this.#tabs = new Tabs<TabMessage>(name, platform, {
      onLead: () => this.#lead(),
      onMessage: (message) => this.#hear(message),
    });
    this.#tabs.tell({ kind: "hello" });
  }

  /** How the chat stands. */
  get state(): ReadonlySignal<ChatState> {
    return this.#state;
  }

  /** Whether this tab talks to the server. */
  get leads(): ReadonlySignal<boolean> {
    return this.#leads;
  }

  /** Asks something of the chat, through the tab that leads. */
  ask(command: ChatCommand): void {
    if (this.#talk) this.#talk.ask(command);
    else if (this.#known) this.#tabs.tell({ kind: "ask", command });
    else this.#early.push(command);
  }

  /** Fetches a file's bytes; rejects when nobody gives them. */
  async file(id: string): Promise<Blob> {
    if (this.#talk) return this.#talk.file(id);
    const to = crypto.getRandomValues(new Uint32Array(2)).join("-");
    const answer = new Promise<Blob | undefined>((done) => this.#fetching.set(to, done));
    this.#tabs.tell({ kind: "fetch", file: id, to });
    const bytes = await answer;
    if (!bytes) throw new Error("The file can't be fetched now.");
    return bytes;
  }

  /** This tab leaves; the chat goes on in others. */
  close(): void {
    this.#talk?.close();
    this.#tabs.close();
  }

  #lead(): void {
    this.#leads.value = true;
    this.#talk = this.#makeTalk((state) => this.#change(state));
    this.#learned();
  }

  #learned(): void {
    this.#known = true;
    for (const command of this.#early.splice(0)) this.ask(command);
  }

  #change(state: ChatState): void {
    const same = state.events[0]?.index === this.#state.value.events[0]?.index;
    this.#state.value = state;
    this.#tellFrom(same ? Math.min(this.#told, state.events.length) : 0);
  }

  #tellFrom(from: number): void {
    const { events, ...rest } = this.#state.value;
    this.#tabs.tell({ kind: "state", from, events: events.slice(from), rest });
    this.#told = events.length;
  }

  #give(talk: Talk, file: string, to: string): void {
    talk.file(file).then(
      (bytes) => this.#tabs.tell({ kind: "fetched", to, bytes }),
      () => this.#tabs.tell({ kind: "fetched", to }),
    );
  }

  #hear(message: TabMessage): void {
    if (this.#talk) {
      if (message.kind === "hello") this.#tellFrom(0);
      if (message.kind === "ask") this.#talk.ask(message.command);
      if (message.kind === "fetch") this.#give(this.#talk, message.file, message.to);
    } else if (message.kind === "fetched") {
      this.#fetching.get(message.to)?.(message.bytes);
      this.#fetching.delete(message.to);
    } else if (message.kind === "state") {
      const { events } = this.#state.value;
      if (message.from > events.length) {
        this.#tabs.tell({ kind: "hello" });
        return;
      }
      this.#state.value = { ...message.rest, events: [...events.slice(0, message.from), ...message.events] };
      if (!this.#known) this.#learned();
    }
  }
}
