// All that the widget shows and does, without a page: from the chat, the service and what the visitor wrote it makes what
// is to be seen.

import { computed, effect, signal, type ReadonlySignal, type Signal } from "@preact/signals-core";
import { rows, type Entry, type Key, type Row, type Speech } from "@handoff/ui";
import type { ChatCommand, ChatState } from "../chat/state.js";
import { watchConnection } from "./connection.js";
import { author, entries, LATE_MS } from "./entries.js";
import { problems, refusedField, startForm, type Values } from "./form.js";
import { DEFAULT_SERVICE, type Service } from "./service.js";
import { kept, type Storage } from "./settings.js";
import { transcript } from "./transcript.js";
import { placeWords } from "./waiting.js";

/** A chat that is answered this late is shown as loading meanwhile. */
const LOADING_MS = 300;
const SERVICE_AGAIN_MS = 5000;
const MINUTE_MS = 60_000;

/** What the widget works with. */
export interface WidgetOptions {
  readonly service: string;
  readonly speech: Speech;
  readonly chat: { readonly state: ReadonlySignal<ChatState>; ask(command: ChatCommand): void };
  /** Rejects never; null when nobody answers. */
  readonly fetchService: () => Promise<Service | null>;
  /** Kept for the site, in all tabs. */
  readonly siteStorage: Storage;
  /** Kept for this tab. */
  readonly tabStorage: Storage;
  readonly now: () => number;
}

/** What is shown: nothing yet, the form, or the chat. */
export type Screen = "loading" | "form" | "chat";

/** What is told of the connection. */
export type BannerWords = "formFailed" | "noConnection" | "connectingAgain";

/** The widget as its components see it. */
export class WidgetModel {
  readonly speech: Speech;
  /** Whether the panel is open. */
  readonly open: Signal<boolean>;
  /** Whether the newest of the chat is in sight, in the panel. */
  readonly atEnd = signal(true);
  /** Whether the tab is looked at. */
  readonly visible = signal(true);
  /** Whether the visitor looks at the newest of the chat now. */
  readonly looking: ReadonlySignal<boolean>;
  readonly service = signal<Service>(DEFAULT_SERVICE);
  /** How the asking for the service goes. */
  readonly reach = signal<"asking" | "slow" | "known" | "failed">("asking");
  readonly values: Signal<Values>;
  readonly problems = signal<Readonly<Record<string, Key>>>({});
  /** What was typed and not sent, in the chat that is there or was the last. */
  readonly draft: Signal<string>;
  readonly sound: Signal<boolean>;
  readonly titleSign: Signal<boolean>;
  /** What the website says of its visitor: attached data. */
  readonly data = signal<Values>({});
  readonly state: ReadonlySignal<ChatState>;
  /** Whether a chat lives or is about to. */
  readonly alive: ReadonlySignal<boolean>;
  readonly screen: ReadonlySignal<Screen>;
  readonly entries: ReadonlySignal<readonly Entry[]>;
  readonly rows: ReadonlySignal<readonly Row[]>;
  readonly typing: ReadonlySignal<readonly string[]>;
  readonly unread: ReadonlySignal<number>;
  readonly banner: ReadonlySignal<BannerWords | null>;
  /** Who answers; empty: nobody yet. */
  readonly answering: ReadonlySignal<string>;
  readonly #options: WidgetOptions;
  readonly #now: Signal<number>;
  /** The chat that the draft was typed in. */
  readonly #draftOf: Signal<string>;
  readonly #stops: (() => void)[] = [];
  #asked = false;

  constructor(options: WidgetOptions) {
    this.#options = options;
    this.speech = options.speech;
    const name = `handoff:${options.service}`;
    this.open = kept(options.tabStorage, `${name}:open`, false, (value) => value === true);
    this.values = kept<Values>(options.tabStorage, `${name}:form`, {}, texts);
    this.draft = kept(options.tabStorage, `${name}:draft`, "", String);
    this.#draftOf = kept(options.tabStorage, `${name}:draft-of`, "", String);
    this.sound = kept(options.siteStorage, "handoff:sound", true, (value) => value !== false);
    this.titleSign = kept(options.siteStorage, "handoff:title", true, (value) => value !== false);
    this.#now = signal(options.now());
    this.state = options.chat.state;
    this.alive = computed(() => ["starting", "open", "leaving"].includes(this.state.value.phase));
    this.screen = computed(() => this.#screen());
    this.looking = computed(
      () => this.open.value && this.visible.value && this.atEnd.value && this.screen.value === "chat",
    );
    this.entries = computed(() => this.#entries());
    this.rows = computed(() => rows(this.entries.value, this.#now.value));
    this.typing = computed(() => this.#typing());
    this.unread = computed(() => this.state.value.unread);
    this.answering = computed(() => this.#answering());
    const connection = computed(() => this.state.value.connection);
    const { away, stop } = watchConnection(connection);
    this.banner = computed(() => this.#banner(away.value));
    this.#stops.push(stop, this.#forgets(), this.#reads(), this.#ticks(), this.#mends());
  }

  /** Asks for the service, once, until it is there. */
  learn(): void {
    if (this.#asked) return;
    this.#asked = true;
    const slow = setTimeout(() => {
      if (this.reach.value === "asking") this.reach.value = "slow";
    }, LOADING_MS);
    void this.#learn().then(() => clearTimeout(slow));
  }

  async #learn(): Promise<void> {
    const found = await this.#options.fetchService();
    if (found) {
      this.service.value = found;
      this.reach.value = "known";
    } else {
      this.reach.value = "failed";
      setTimeout(() => void this.#learn(), SERVICE_AGAIN_MS);
    }
  }

  /** Begins a chat with what was written; says what is wrong where something is. */
  start(): void {
    const wrong = problems(this.service.value, this.values.value);
    this.problems.value = wrong;
    if (Object.keys(wrong).length > 0) return;
    const form = startForm(this.#options.service, this.service.value, this.values.value, this.data.value);
    this.ask({ do: "start", form });
  }

  /** Takes what is written into a field. */
  write(key: string, value: string): void {
    this.values.value = { ...this.values.value, [key]: value };
    if (this.problems.value[key]) {
      this.problems.value = Object.fromEntries(Object.entries(this.problems.value).filter(([name]) => name !== key));
    }
  }

  /** Takes what is in the composer. */
  type(text: string): void {
    this.draft.value = text;
    this.ask({ do: "typing", text });
  }

  /** Sends a message, and empties the composer. */
  send(text: string): void {
    this.draft.value = "";
    this.ask({ do: "send", text });
  }

  /** A message that failed goes back to the composer. */
  edit(key: string, text: string): void {
    this.ask({ do: "remove", id: key.slice(1) });
    this.draft.value = this.draft.value ? `${text}\n${this.draft.value}` : text;
  }

  /** Data of the visitor: with the start, or added to the chat that lives. */
  setData(data: Values): void {
    this.data.value = { ...this.data.value, ...data };
    if (this.alive.peek()) this.ask({ do: "attach", data });
  }

  /** Back to the form, for another chat. */
  again(): void {
    this.problems.value = {};
    this.ask({ do: "reset" });
  }

  /** The chat as a text. */
  transcript(): string {
    const { say, language } = this.speech;
    return transcript(this.entries.value, this.service.value.title || say("writeToUs"), language, say);
  }

  /** Asks something of the chat. */
  ask(command: ChatCommand): void {
    this.#options.chat.ask(command);
  }

  /** Ends all that it watches. */
  stop(): void {
    for (const stop of this.#stops) stop();
  }

  #screen(): Screen {
    const { phase } = this.state.value;
    if (phase === "open" || phase === "leaving" || phase === "ended") return "chat";
    return phase === "idle" && (this.reach.value === "asking" || this.reach.value === "slow") ? "loading" : "form";
  }

  #entries(): Entry[] {
    const made = entries(this.state.value, { ...this.speech, now: this.#now.value });
    const line = this.#waitingLine();
    // What waits to be sent stands below it: the line is about the chat as it is.
    if (line) made.splice(made.length - this.state.value.pending.length, 0, line);
    return made;
  }

  #waitingLine(): Entry | null {
    const { phase, queue, events, participants } = this.state.value;
    if (phase !== "open" || events.length === 0 || this.answering.value) return null;
    const { say } = this.speech;
    const at = events.at(-1)?.at ?? 0;
    if (queue) return { kind: "happened", key: "place", at, text: placeWords(queue, say) };
    const helped = participants.some((one) => one.role === "bot" && present(this.state.value, one.number));
    return helped ? null : { kind: "happened", key: "place", at, text: say("waitingHere") };
  }

  #typing(): string[] {
    const { typing, participants } = this.state.value;
    return typing.map((number) => {
      const party = participants.find((one) => one.number === number);
      return author(number, party, this.speech.say).name;
    });
  }

  #answering(): string {
    const agents = this.state.value.participants.filter(
      (one) => one.role === "agent" && present(this.state.value, one.number),
    );
    return agents.map((one) => author(one.number, one, this.speech.say).name).join(", ");
  }

  #banner(away: "well" | "away" | "lost"): BannerWords | null {
    const { phase } = this.state.value;
    if (phase === "idle" && this.reach.value === "failed") return "formFailed";
    if (phase === "idle" || phase === "ended" || away === "well") return null;
    return away === "lost" ? "noConnection" : "connectingAgain";
  }

  /** What was typed for one chat is not said in the next, whichever tab begins that; until then it can be copied. */
  #forgets(): () => void {
    return effect(() => {
      const { chat } = this.state.value;
      if (!chat || chat === this.#draftOf.peek()) return;
      this.draft.value = "";
      this.#draftOf.value = chat;
    });
  }

  /** Who looks at the newest has read it. */
  #reads(): () => void {
    return effect(() => {
      if (this.looking.value && this.unread.value > 0) this.ask({ do: "read" });
    });
  }

  /** Lets time pass where something is about it: a message that waits, and a day that begins. */
  #ticks(): () => void {
    const waits = computed(() => this.state.value.pending.some(({ failed }) => !failed));
    return effect(() => {
      const every = waits.value ? LATE_MS / 2 : MINUTE_MS;
      const timer = setInterval(() => (this.#now.value = this.#options.now()), every);
      return () => clearInterval(timer);
    });
  }

  /** What the server says of the form is said at its field. */
  #mends(): () => void {
    return effect(() => {
      const { refused, refusedField: field } = this.state.value;
      const wrong = refusedField(refused, field);
      if (wrong) this.problems.value = wrong;
    });
  }
}

/** Whether somebody is in the chat now. */
function present({ events }: ChatState, number: number): boolean {
  for (let at = events.length - 1; at >= 0; at -= 1) {
    const event = events[at];
    if (event?.by !== number) continue;
    if (event.type === "joined") return true;
    if (event.type === "left") return false;
  }
  return false;
}

function texts(value: unknown): Values {
  const all = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return Object.fromEntries(all.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}
