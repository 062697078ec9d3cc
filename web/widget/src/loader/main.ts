// The loader: what a website's script tag runs. It makes the launcher, and brings the app when the chat is opened for the
// first time or when one lives.

import { chatName, type App, type EventName, type Identity, type WidgetEvents } from "../api.js";
import { nodeOf, readConfig, type Given } from "../config.js";
import { LauncherButton } from "./launcher.js";
import { loadApp, type Arrival } from "./script.js";
import { addStyles } from "./styles.js";
import { wordsOf } from "./words.js";

/** The app's file and its hash, put in by the build. */
declare const APP_FILE: string;
declare const APP_HASH: string;

const AGAIN_MS = 5000;
const LIVES = ["starting", "open", "leaving"];

type Listener = (detail: unknown) => void;
type Call = readonly [name: string, ...values: unknown[]];

/** `window.handoff` once the loader has run. */
class Handoff implements Arrival {
  arrived?: NonNullable<Arrival["arrived"]>;
  /** Calls from before the loader was there, and those who still call so. */
  readonly q = { push: (...calls: Call[]) => calls.forEach((call) => this.#call(call)) };
  readonly #config;
  readonly #tag: HTMLScriptElement;
  readonly #words;
  readonly #launcher: LauncherButton;
  readonly #listeners = new Map<string, Set<Listener>>();
  #app: Promise<App> | null = null;
  #open = false;
  readonly #early: ((app: App) => void)[] = [];

  constructor(given: Given, tag: HTMLScriptElement) {
    this.#tag = tag;
    this.#config = readConfig(given, tag.dataset, nodeOf(tag.src));
    this.#words = wordsOf([this.#config.language, document.documentElement.lang, ...navigator.languages]);
    const [language, label] = this.#words;
    this.#launcher = new LauncherButton(this.#config, [language, label], () => this.toggle());
    if (this.#config.mode === "page") this.open();
    else if (lives(this.#config.service)) void this.#bring();
  }

  /** Opens the panel. */
  open(): void {
    void this.#bring((app) => app.open());
  }

  /** Closes the panel; a chat goes on. A page of its own stays open. */
  close(): void {
    if (this.#app && this.#config.mode === "panel") void this.#bring((app) => app.close());
  }

  /** Opens or closes the panel. */
  toggle(): void {
    if (this.#open) this.close();
    else this.open();
  }

  /** Hides the launcher, and the panel with it. */
  hide(): void {
    this.close();
    this.#launcher.hidden = true;
  }

  /** Shows the launcher again. */
  show(): void {
    this.#launcher.hidden = false;
  }

  /** Says who the visitor is, with the website's proof of it. */
  identify(identity: Identity): void {
    this.#later((app) => app.identify(identity));
  }

  /** Attaches data to the visitor's chat: the one that goes on, and those that begin. */
  set(data: Readonly<Record<string, string>>): void {
    this.#later((app) => app.set(data));
  }

  /** Calls `listener` with each event of that name; the returned function takes it back. */
  on<Name extends EventName>(name: Name, listener: (detail: WidgetEvents[Name]) => void): () => void {
    const own: Listener = (detail) => listener(detail as WidgetEvents[Name]);
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(own));
    if (name === "ready") queueMicrotask(() => own(undefined));
    return () => void listeners.delete(own);
  }

  #call([name, ...values]: Call): void {
    const method = (this as unknown as Record<string, unknown>)[name];
    if (typeof method === "function" && name !== "arrived") method.apply(this, values);
    else console.error(`handoff: there is no "${name}" to call.`);
  }

  #tell(name: string, detail: unknown): void {
    if (name === "open" || name === "close") this.#open = name === "open";
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        listener(detail);
      } catch (error) {
        // The website's own mistake, which must not end the chat.
        console.error(error);
      }
    }
  }

  /** What is said of the visitor is no reason to load the app: it is told when somebody opens it. */
  #later(then: (app: App) => void): void {
    if (this.#app) void this.#app.then(then);
    else this.#early.push(then);
  }

  async #bring(then?: (app: App) => void): Promise<void> {
    this.#launcher.busy = true;
    this.#app ??= this.#load();
    then?.(await this.#app);
    this.#launcher.busy = false;
  }

  /** Tries until it is there. */
  async #load(): Promise<App> {
    for (;;) {
      try {
        const mount = await loadApp(this.#config.nodes, APP_FILE, APP_HASH, this.#tag, this);
        const app = await mount({
          root: this.#launcher.root,
          addStyles,
          config: this.#config,
          launcher: this.#launcher,
          tell: (name, detail) => this.#tell(name, detail),
        });
        for (const then of this.#early.splice(0)) then(app);
        return app;
      } catch {
        this.#launcher.say(this.#words[2]);
        await new Promise((done) => setTimeout(done, AGAIN_MS));
      }
    }
  }
}

/** Whether a chat goes on, or the panel was open on the page before. */
function lives(service: string): boolean {
  try {
    const name = chatName(service);
    const { phase } = JSON.parse(localStorage.getItem(name) ?? "{}") as { phase?: string };
    return LIVES.includes(phase ?? "") || sessionStorage.getItem(`${name}:open`) === "true";
  } catch {
    return false;
  }
}

interface Page {
  handoff?: Given & { readonly q?: readonly Call[] };
}

const page = window as unknown as Page;
const tag = document.currentScript;
// A second tag on the same page changes nothing.
if (tag instanceof HTMLScriptElement && !(page.handoff instanceof Handoff)) {
  const given = page.handoff ?? {};
  const begin = () => {
    const made = new Handoff(given, tag);
    const early = page.handoff?.q ?? [];
    page.handoff = made as unknown as Given;
    for (const call of early) made.q.push(call);
  };
  if (document.body as HTMLElement | null) begin();
  else addEventListener("DOMContentLoaded", begin);
}
