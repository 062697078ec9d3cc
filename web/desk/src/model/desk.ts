// The desk as it is shown: which chat is open, the list's order, what the agent is told. What the server knows is the SDK's;
// this adds what is this window's own.

import { batch, computed, effect, signal, untracked, type ReadonlySignal, type Signal } from "@preact/signals";
import { Lost, Refused, type AgentChat, type AgentDesk, type LeaveHow } from "@handoff/sdk";
import { rows as logRows, type Row } from "@handoff/ui";
import type { Say } from "../words/say.js";
import { CannedTexts } from "./canned.js";
import { ConnectionWatch } from "./connection.js";
import { Conversation } from "./conversation.js";
import { kept, text, type Storage } from "./keeping.js";
import { Modes } from "./modes.js";
import { Notes } from "./notes.js";
import { follow } from "./follow.js";
import { HeldOrder } from "./order.js";
import { customerName, neighbour, oldestUnanswered, rowOf, sameRow, sorted, type ChatRow } from "./rows.js";
import { keptSettings, type Settings } from "./settings.js";
import { Supervision } from "./supervision.js";
import { Uploads } from "./uploads.js";
import { refusalText } from "./words.js";

const DAY_MS = 86_400_000;

/** What a desk is made of. */
export interface DeskParts {
  readonly sdk: AgentDesk;
  readonly say: Say;
  /** The BCP 47 tag that times are written by. */
  readonly language: string;
  /** Kept for all windows. */
  readonly local: Storage;
  /** Kept for this window. */
  readonly tab: Storage;
}

/** Which window over the desk is open. */
export type OpenDialog = "" | "help" | "settings" | "texts" | "search" | "reason";

/** A desk. */
export class Desk {
  readonly sdk: AgentDesk;
  readonly say: Say;
  readonly language: string;
  /** Rises with each change of what the server knows. */
  readonly changes = signal(0);
  /** This moment by the server's clock, to the second. */
  readonly now: Signal<number>;
  readonly settings: Signal<Settings>;
  readonly canned: CannedTexts;
  readonly uploads = new Uploads();
  readonly modes = new Modes();
  readonly supervision: Supervision;
  readonly connection: ConnectionWatch;
  /** The chat that is open; empty: none. */
  readonly selected: Signal<string>;
  readonly page = signal<"chats" | "overview">("chats");
  /** Whether the screen has room for one pane alone. */
  readonly narrow = signal(false);
  /** What a narrow screen shows. */
  readonly pane = signal<"list" | "chat">("list");
  /** Whether the right pane is open where it is a drawer. */
  readonly drawer = signal(false);
  readonly dialog = signal<OpenDialog>("");
  /** A short word about what was just done, or not. */
  readonly toast = signal("");
  /** Whose offer went back to the queue unanswered; empty: nobody's. */
  readonly missed = signal("");
  /** Somebody points at the list: it keeps its order. */
  readonly listHeld = signal(false);
  readonly rows: ReadonlySignal<readonly ChatRow[]>;
  /** The ids of the chats as they stand in the list. */
  readonly order: ReadonlySignal<readonly string[]>;
  /** The open chat's log. */
  readonly log: ReadonlySignal<readonly Row[]>;
  /** How many call for the agent: unread messages and offers. */
  readonly calls: ReadonlySignal<number>;
  readonly #local: Storage;
  readonly #keeps: { again(): void }[];
  readonly #conversations = new Map<string, Conversation>();
  readonly #accepted = new Set<string>();
  readonly #declined = new Set<string>();
  /** How far chats were read, as their newest events tell. */
  readonly #readTo = new Map<AgentChat, number>();
  readonly #stops: (() => void)[] = [];
  #offers = new Map<string, string>();
  #notes: { readonly name: string; readonly notes: Notes } | null = null;
  #planned = false;

  constructor({ sdk, say, language, local, tab }: DeskParts) {
    this.sdk = sdk;
    this.now = signal(sdk.now);
    this.say = say;
    this.language = language;
    this.#local = local;
    const settings = keptSettings(local);
    this.settings = settings.value;
    this.canned = new CannedTexts(local);
    this.#keeps = [settings, this.canned];
    this.supervision = new Supervision(sdk, local, this.changes);
    this.connection = new ConnectionWatch(this.now, () => sdk.graceMs);
    this.selected = kept(tab, "handoff-desk-chat", "", text).value;
    const heldOrder = new HeldOrder();
    let before: readonly ChatRow[] = [];
    this.rows = computed(() => {
      follow(this.changes);
      const made = [...sdk.chats.values()].map((chat) => rowOf(chat, this.conversation(chat), say));
      const known = new Map(before.map((row) => [row.id, row]));
      before = made.map((row) => sameRow(row, known.get(row.id)));
      return before;
    });
    this.order = computed(() => heldOrder.of(sorted(this.rows.value), this.listHeld.value));
    this.log = computed(() => this.#log());
    this.calls = computed(() => this.rows.value.reduce((sum, { unread }) => sum + unread, sdk.offers.size));
    sdk.queueNumbers.watch();
    this.#follow();
  }

  /** The desk is left alone: nothing is followed any more. */
  close(): void {
    for (const stop of this.#stops) stop();
  }

  /** The chat that is open; null: none. */
  get chat(): AgentChat | null {
    return this.sdk.chats.get(this.selected.value) ?? null;
  }

  /** What is read out of a chat. */
  conversation(chat: AgentChat): Conversation {
    const known = this.#conversations.get(chat.id);
    if (known?.isOf(chat)) return known;
    const made = new Conversation(chat, this.say, () => this.sdk.now);
    made.update();
    this.#conversations.set(chat.id, made);
    return made;
  }

  /** The notes of the agent who is signed in. */
  get notes(): Notes {
    const { name } = this.sdk;
    if (this.#notes?.name !== name) this.#notes = { name, notes: new Notes(this.#local, name) };
    return this.#notes.notes;
  }

  /** Another window has changed what is kept for all. */
  keptAgain(): void {
    for (const one of [...this.#keeps, ...(this.#notes ? [this.#notes.notes] : [])]) one.again();
  }

  /** Opens a chat. */
  select(id: string): void {
    batch(() => {
      this.page.value = "chats";
      this.selected.value = id;
      if (id) this.pane.value = "chat";
    });
  }

  /** Opens the chat whose customer has waited longest; whether there is one. */
  selectOldest(): boolean {
    const id = oldestUnanswered(this.rows.value);
    if (id) this.select(id);
    else this.toast.value = this.say("allAnswered");
    return id !== null;
  }

  /** Opens the chat that stands next in the list, or before. */
  selectNeighbour(step: 1 | -1): void {
    const id = neighbour(this.order.value, this.selected.value, step);
    if (id) this.select(id);
  }

  /** Takes an offer, by default the oldest; it opens when it has come. */
  async accept(id?: string): Promise<void> {
    const wanted = id ?? [...this.sdk.offers.values()].find((offer) => !offer.accepting)?.chat;
    if (wanted === undefined) return;
    this.#accepted.add(wanted);
    if (!(await this.#tried(this.sdk.accept(wanted)))) this.#accepted.delete(wanted);
  }

  /** Does not take an offer, by default the oldest. */
  async decline(id?: string): Promise<void> {
    const wanted = id ?? this.sdk.offers.keys().next().value;
    if (wanted === undefined) return;
    this.#declined.add(wanted);
    await this.#tried(this.sdk.decline(wanted));
  }

  /** Takes chats from now on. */
  async ready(): Promise<void> {
    this.missed.value = "";
    await this.#tried(this.sdk.ready());
  }

  /** Takes no new chats. */
  async notReady(reason: string): Promise<void> {
    this.missed.value = "";
    await this.#tried(this.sdk.notReady(reason));
  }

  /** Leaves a chat. */
  async leave(id: string, how: LeaveHow): Promise<void> {
    await this.#tried(this.sdk.leave(id, how));
  }

  /** Takes a chat that is over out of the list. */
  dismiss(id: string): void {
    this.sdk.dismiss(id);
    if (this.selected.value === id) batch(() => ((this.selected.value = ""), (this.pane.value = "list")));
  }

  /** Signs out; what was written and not sent goes with it. */
  async signOut(): Promise<void> {
    if (await this.#tried(this.sdk.signOut())) this.uploads.clear();
  }

  #follow(): void {
    const { sdk } = this;
    const timer = setInterval(() => (this.now.value = sdk.now), 1000);
    const overseen = computed(() => {
      follow(this.changes);
      return sdk.overview.allowed;
    });
    this.connection.is(sdk.connection);
    this.#stops.push(
      () => clearInterval(timer),
      sdk.subscribe(() => this.#plan()),
      sdk.on("connection", (state) => this.connection.is(state)),
      sdk.on("chat", ({ id }) => {
        if (this.#accepted.delete(id)) this.select(id);
      }),
      sdk.on("over", (chat) => {
        if (chat.over === "lost") this.connection.lostChat();
      }),
      sdk.on("event", ({ chat, event }) => {
        if (!chat.thread.isMine(event.by)) return;
        // Read in another window, or before a reload; and what is answered is read.
        const read = event.type === "read" ? (event.through ?? 0) + 1 : event.type === "message" ? event.index : 0;
        this.#readTo.set(chat, Math.max(read, this.#readTo.get(chat) ?? 0));
      }),
      // Supervisors see the queues' numbers beside their chats too.
      effect(() => {
        if (overseen.value) untracked(() => this.supervision.begin());
        else this.supervision.end();
      }),
    );
  }

  /** Many changes at once are drawn once. */
  #plan(): void {
    if (this.#planned) return;
    this.#planned = true;
    queueMicrotask(() => {
      this.#planned = false;
      this.#update();
    });
  }

  #update(): void {
    const { chats } = this.sdk;
    for (const [chat, position] of this.#readTo) chat.read(position);
    this.#readTo.clear();
    for (const chat of chats.values()) this.conversation(chat).update();
    for (const id of this.#conversations.keys()) if (!chats.has(id)) this.#conversations.delete(id);
    batch(() => {
      this.#noteOffers();
      this.changes.value += 1;
    });
  }

  /** An offer that went without an answer of the agent's was missed. */
  #noteOffers(): void {
    const { offers, status, chats } = this.sdk;
    for (const [id, name] of this.#offers) {
      if (offers.has(id)) continue;
      const answered = this.#declined.delete(id) || chats.has(id) || this.#accepted.has(id);
      if (!answered && status.state !== "signed_out") this.missed.value = name;
    }
    this.#offers = new Map([...offers.values()].map((offer) => [offer.chat, customerName(offer, this.say)]));
    if (status.state === "ready") this.missed.value = "";
  }

  #log(): readonly Row[] {
    follow(this.changes);
    const chat = this.chat;
    if (!chat) return [];
    const conversation = this.conversation(chat);
    // Only what waits to be sent changes with the time, and once a day the names of days.
    follow(conversation.sends ? this.now : this.#today);
    return logRows(conversation.entries(), Date.now());
  }

  readonly #today = computed(() => Math.floor(this.now.value / DAY_MS));

  /** Whether it was carried out; else the agent is told why not. */
  async #tried(act: Promise<void>): Promise<boolean> {
    try {
      await act;
      return true;
    } catch (error) {
      if (error instanceof Refused) this.toast.value = refusalText(error.code, this.say);
      else if (!(error instanceof Lost)) throw error;
      return false;
    }
  }
}
