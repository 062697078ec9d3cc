// The tab's title says that there are new messages, in turn with the page's own, as long as the tab is not looked at.

const TURN_MS = 1500;

/** Writes into the title of a page, and gives it back. */
export class TitleSign {
  #own: string | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Says `text`; empty: the title is the page's own again. Who wants little motion sees no turns. */
  say(text: string): void {
    clearInterval(this.#timer);
    if (this.#own !== null) document.title = this.#own;
    this.#own = null;
    if (!text) return;
    this.#own = document.title;
    document.title = text;
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    let turn = 0;
    this.#timer = setInterval(() => {
      turn += 1;
      document.title = turn % 2 === 0 ? text : (this.#own ?? text);
    }, TURN_MS);
  }
}
