// The round button in the corner. It is all that a page has until somebody wants to chat.

import type { WidgetConfig } from "../config.js";
import css from "./launcher.css";
import { addStyles } from "./styles.js";

const SVG = "http://www.w3.org/2000/svg";
const CHAT = "M4.5 5h15v11h-9l-4 3.5V16h-2z";
const DOWN = "m7 10 5 5 5-5";
/** More than this is "99+": the exact number is in the button's name. */
const SHOWN_MAX = 99;

/** The launcher, in a shadow root of its own, which the app uses as well. */
export class LauncherButton {
  readonly root: ShadowRoot;
  readonly #host: HTMLElement;
  readonly #button = document.createElement("button");
  readonly #path = document.createElementNS(SVG, "path");
  readonly #unread = document.createElement("b");

  constructor(config: WidgetConfig, [language, label]: readonly [string, string], onClick: () => void) {
    this.#host = document.createElement("div");
    this.#host.id = "handoff-chat";
    if (config.theme !== "auto") this.#host.dataset["theme"] = config.theme;
    this.root = this.#host.attachShadow({ mode: "open" });
    addStyles(this.root, css);
    const sign = document.createElementNS(SVG, "svg");
    for (const [name, value] of [
      ["viewBox", "0 0 24 24"],
      ["width", "28"],
      ["height", "28"],
      ["aria-hidden", "true"],
    ]) {
      sign.setAttribute(name ?? "", value ?? "");
    }
    sign.append(this.#path);
    this.#button.type = "button";
    this.#button.lang = language;
    this.#button.className = `launcher ${config.position}`;
    this.#button.hidden = !config.launcher;
    this.#button.append(sign, this.#unread);
    this.#button.addEventListener("click", onClick);
    this.root.append(this.#button);
    this.show({ open: false, unread: 0, label });
    this.#keep();
  }

  /** Shows how it is. */
  show({ open, unread, label }: { open: boolean; unread: number; label: string }): void {
    this.#path.setAttribute("d", open ? DOWN : CHAT);
    // Drawn by the style sheet: what is read out is the name alone, which has the number in words.
    if (unread > 0) this.#unread.dataset["unread"] = unread > SHOWN_MAX ? `${SHOWN_MAX}+` : String(unread);
    else delete this.#unread.dataset["unread"];
    this.#button.ariaExpanded = String(open);
    this.say(label);
  }

  /** Its name, for readers and as a title. */
  say(label: string): void {
    this.#button.ariaLabel = label;
    this.#button.title = label;
  }

  /** Whether it waits for the app. */
  set busy(busy: boolean) {
    this.#button.ariaBusy = String(busy);
  }

  set hidden(hidden: boolean) {
    this.#button.hidden = hidden;
  }

  focus(): void {
    this.#button.focus({ preventScroll: true });
  }

  /** Keys that are pressed in the chat are not the page's shortcuts; and a page that swaps its body keeps the chat. */
  #keep(): void {
    for (const kind of ["keydown", "keypress", "keyup"]) {
      this.#host.addEventListener(kind, (event) => event.stopPropagation());
    }
    const put = () => {
      if (!this.#host.isConnected) document.body.append(this.#host);
      watch.observe(document.body, { childList: true });
    };
    const watch = new MutationObserver(put);
    watch.observe(document.documentElement, { childList: true });
    put();
  }
}
