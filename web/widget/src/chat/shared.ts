// One chat in several tabs: the leading tab has the connection; each tab shows the same, and asks the same way.

import { signal, type ReadonlySignal } from "@preact/signals-core";
import type { Storage } from "../model/settings.js";
import { NO_CHAT, type ChatCommand, type ChatState, type Pending, type Talk } from "./state.js";
import { Tabs, type TabsPlatform } from "./tabs.js";

/** Of no use a moment later: asked once, and not again of the next that leads. */
const PASSING: readonly string[] = ["typing", "read", "wake"];
/** So many of the latest asks are remembered by who leads, for those that are asked again. */
const TAKEN_MAX = 50;

/** Everything but the events, which are told in part: long chats are not sent anew with each change. */
type Rest = Omit<ChatState, "events">;

/** What a tab asks of the one that leads, and asks again of the next one until it is taken. */
interface Ask {
  readonly id: string;
  readonly command: ChatCommand;
}

/** A file's bytes that a tab wants of the one that leads. */
interface Fetching {
  readonly file: string;
  readonly done: (bytes: Blob | undefined) => void;
}

/** What tabs say to each other. */
export type TabMessage =
  /** A tab has come, or missed something. */
  | { readonly kind: "hello" }
  | {
      readonly kind: "state";
      /** Who leads: another one may not know what was asked of the one before. */
      readonly leader: string;
      /** What was taken of that which was asked, the latest last. */
      readonly taken: readonly string[];
      readonly from: number;
      readonly events: ChatState["events"];
      readonly rest: Rest;
    }
  | ({ readonly kind: "ask" } & Ask)
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
  readonly #storage: Storage;
  readonly #takenName: string;
  readonly #me = newId();
  readonly #fetching = new Map<string, Fetching>();
  #talk: Talk | null = null;
  #told = 0;
  /** What this tab has asked and nobody has taken yet, with when it did. */
  #asked: (Ask & { readonly at: number })[] = [];
  #taken: string[] = [];
  /** Who leads; empty: that is not known yet. */
  #leader = "";
  /** As it was told, without what this tab adds of its own. */
  #heard: ChatState = NO_CHAT;

  /** @param storage shared by all tabs: there the one that leads remembers what it has taken. */
  constructor(name: string, platform: TabsPlatform, storage: Storage, makeTalk: MakeTalk) {
    this.#makeTalk = makeTalk;
    this.#storage = storage;
    this.#takenName = `${name}:taken`;
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
    if (this.#talk) {
      this.#talk.ask(command);
      return;
    }
    const ask = { id: newId(), command };
    if (!this.#leader || !PASSING.includes(command.do)) this.#asked.push({ ...ask, at: Date.now() });
    if (this.#leader) this.#tabs.tell({ kind: "ask", ...ask });
    this.#show();
  }

  /** Fetches a file's bytes; rejects when nobody gives them. */
  async file(id: string): Promise<Blob> {
    if (this.#talk) return this.#talk.file(id);
    const to = newId();
    const answer = new Promise<Blob | undefined>((done) => this.#fetching.set(to, { file: id, done }));
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
    this.#taken = taken(this.#storage, this.#takenName);
    const talk = this.#makeTalk((state) => this.#change(state));
    this.#talk = talk;
    for (const ask of this.#asked.splice(0)) this.#take(talk, ask);
    this.#show();
    for (const [to, { file, done }] of this.#fetching) {
      talk.file(file).then(done, () => done(undefined));
      this.#fetching.delete(to);
    }
  }

  /** Does what was asked, once, whoever led when it was. */
  #take(talk: Talk, { id, command }: Ask): void {
    if (!this.#taken.includes(id)) {
      this.#taken = [...this.#taken, id].slice(-TAKEN_MAX);
      talk.ask(command);
      try {
        // After it: what is kept twice is better than what is kept by nobody.
        this.#storage.setItem(this.#takenName, JSON.stringify(this.#taken));
      } catch {
        // Full or forbidden: then nothing else is kept for the next tab either.
      }
    }
    this.#tellFrom(this.#told);
  }

  #change(state: ChatState): void {
    const same = state.events[0]?.index === this.#heard.events[0]?.index;
    this.#heard = state;
    this.#show();
    this.#tellFrom(same ? Math.min(this.#told, state.events.length) : 0);
  }

  /** What was told, and what waits here to be taken. */
  #show(): void {
    const waiting = this.#asked.flatMap(({ id, command, at }): Pending[] =>
      command.do === "send" ? [{ id, text: command.text, at, failed: "", bytesMax: 0 }] : [],
    );
    const state = this.#heard;
    this.#state.value = waiting.length > 0 ? { ...state, pending: [...state.pending, ...waiting] } : state;
  }

  #tellFrom(from: number): void {
    const { events, ...rest } = this.#heard;
    this.#tabs.tell({ kind: "state", leader: this.#me, taken: this.#taken, from, events: events.slice(from), rest });
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
      if (message.kind === "ask") this.#take(this.#talk, message);
      if (message.kind === "fetch") this.#give(this.#talk, message.file, message.to);
    } else if (message.kind === "fetched") {
      this.#fetching.get(message.to)?.done(message.bytes);
      this.#fetching.delete(message.to);
    } else if (message.kind === "state") {
      this.#hearState(message);
    }
  }

  #hearState({ leader, taken, from, events: more, rest }: Extract<TabMessage, { kind: "state" }>): void {
    const { events } = this.#heard;
    if (from > events.length) {
      this.#tabs.tell({ kind: "hello" });
      return;
    }
    this.#heard = { ...rest, events: [...events.slice(0, from), ...more] };
    this.#asked = this.#asked.filter(({ id }) => !taken.includes(id));
    this.#show();
    if (leader === this.#leader) return;
    this.#leader = leader;
    for (const { id, command } of this.#asked) this.#tabs.tell({ kind: "ask", id, command });
    for (const [to, { file }] of this.#fetching) this.#tabs.tell({ kind: "fetch", file, to });
  }
}

/** What nobody else has. */
function newId(): string {
  return crypto.getRandomValues(new Uint32Array(3)).join("-");
}

/** What the tab that led before has taken. */
function taken(storage: Storage, name: string): string[] {
  try {
    return JSON.parse(storage.getItem(name) ?? "[]") as string[];
  } catch {
    return [];
  }
}
