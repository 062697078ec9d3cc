// How far somebody has read in a chat: counted here, kept over a reload, and told to the others.

import type { Thread } from "./thread.js";

export class Reading {
  /** One past the last index that was read. */
  #position: number;
  /** Up to where the server was told. */
  #told: number;
  readonly #thread: () => Thread;
  readonly #tell: (position: number) => Promise<unknown>;

  /**
   * @param position what was kept
   * @param tell tells the server; may fail
   */
  constructor(position: number, thread: () => Thread, tell: (position: number) => Promise<unknown>) {
    this.#position = position;
    this.#told = position;
    this.#thread = thread;
    this.#tell = tell;
  }

  get position(): number {
    return this.#position;
  }

  /** How much others have said that was not read. */
  get unread(): number {
    return this.#thread().unreadFrom(this.#position);
  }

  /**
   * What others have said below `before` was read; by default all of it. That somebody has read is an event itself, so only
   * what was said counts: else reading would never end.
   * @returns whether that is news
   */
  read(before = Infinity): boolean {
    const last = this.#thread()
      .said(this.#position)
      .filter(({ index }) => index < before)
      .pop();
    if (!last) return false;
    this.#position = last.index + 1;
    this.tell();
    return true;
  }

  /** Begins to count: of what was said before, the last alone is new. */
  begin(): void {
    const last = this.#thread().said(1).pop();
    if (last) this.#position = last.index;
    this.#told = this.#position;
  }

  /** Tells the server where it does not know yet. */
  tell(): void {
    const position = this.#position;
    if (position <= this.#told) return;
    this.#tell(position).then(
      () => {
        this.#told = Math.max(this.#told, position);
      },
      // Told again with the next connection.
      () => undefined,
    );
  }
}
