// Tells the other side that somebody is typing: at once, then now and then, and when they stop. Such a notice may get lost,
// so it is repeated while they type.

import { scope, steadyNow } from "./platform.js";
import { beginning } from "./text.js";

const EVERY_MS = 900;
const IDLE_MS = 5000;
const PREVIEW_MAX = 500;

export class Typist {
  readonly #tell: (started: boolean, text: string) => void;
  #typing = false;
  #text = "";
  #sentAt = -EVERY_MS;
  #sendTimer: unknown = null;
  #idleTimer: unknown = null;

  constructor(tell: (started: boolean, text: string) => void) {
    this.#tell = tell;
  }

  /** @param text all that is in the field now */
  changed(text: string): void {
    scope.clearTimeout(this.#idleTimer);
    if (!text.trim()) {
      this.stop();
      return;
    }
    this.#text = beginning(text, PREVIEW_MAX);
    this.#idleTimer = scope.setTimeout(() => {
      this.stop();
    }, IDLE_MS);
    if (this.#sendTimer !== null) return;
    const wait = Math.max(0, this.#sentAt + EVERY_MS - steadyNow());
    this.#sendTimer = scope.setTimeout(() => {
      this.#send();
    }, wait);
  }

  /** They stopped. `quietly`: their message is sent, which says so itself. */
  stop(quietly = false): void {
    scope.clearTimeout(this.#sendTimer);
    scope.clearTimeout(this.#idleTimer);
    this.#sendTimer = null;
    if (this.#typing && !quietly) this.#tell(false, "");
    this.#typing = false;
  }

  #send(): void {
    this.#sendTimer = null;
    this.#sentAt = steadyNow();
    this.#typing = true;
    this.#tell(true, this.#text);
  }
}
