// Which rows of a long conversation are drawn, and where the reader is in it. No page in here: pixels go in, rows come out.

import { Heights } from "./heights.js";

/** How high a row is thought to be before it was drawn. */
const ESTIMATE_PX = 56;
/** Rows this far out of sight are drawn as well, so that scrolling finds them there. */
const BEYOND_PX = 600;
/** Nearer to the end than this counts as reading the newest. */
const END_PX = 48;

/** Rows from `from` on, without `to`. */
export interface Drawn {
  readonly from: number;
  readonly to: number;
}

/** The row at the top of what is in sight, and how far above the edge it begins. */
interface Anchor {
  readonly key: string;
  readonly above: number;
}

/** A reader's view of a list of rows. */
export class LogView {
  readonly #heights = new Heights(ESTIMATE_PX);
  readonly #measured = new Map<string, number>();
  #keys: readonly string[] = [];
  #anchor: Anchor | null = null;
  #height = 0;

  /** Whether the newest is in sight: then it stays so. */
  atEnd = true;
  drawn: Drawn = { from: 0, to: 0 };

  /** Takes the rows as they are now: those that stay keep their heights. */
  take(keys: readonly string[]): void {
    let same = 0;
    while (same < keys.length && keys[same] === this.#keys[same]) same += 1;
    this.#heights.resize(same);
    this.#heights.resize(keys.length);
    for (let at = same; at < keys.length; at += 1) {
      const known = this.#measured.get(keys[at] ?? "");
      if (known !== undefined) this.#heights.set(at, known);
    }
    this.#keys = keys;
    this.#choose();
  }

  /** Takes the height of a row that is drawn; whether it is another one than thought. */
  measure(index: number, height: number): boolean {
    const key = this.#keys[index];
    if (key === undefined) return false;
    this.#measured.set(key, height);
    return this.#heights.set(index, height);
  }

  /** The reader scrolled, or the window changed its size. */
  scrolled(top: number, height: number, whole: number): void {
    this.#height = height;
    this.atEnd = whole - top - height <= END_PX;
    const index = this.#heights.at(top);
    const key = this.#keys[index];
    this.#anchor = key === undefined ? null : { key, above: top - this.#heights.top(index) };
    this.#choose();
  }

  /** The window has another height; the reader stays where they are. */
  resized(height: number): void {
    this.#height = height;
    this.#choose();
  }

  /** Back to the newest. */
  toEnd(): void {
    this.atEnd = true;
    this.#choose();
  }

  /** Where the window has to be scrolled to, so that the reader sees what they saw; null: to the very end. */
  get top(): number | null {
    if (this.atEnd) return null;
    const index = this.#anchorIndex();
    return index === null ? 0 : this.#heights.top(index) + (this.#anchor?.above ?? 0);
  }

  /** The room above and below the rows that are drawn. */
  get spaces(): { readonly above: number; readonly below: number } {
    const { from, to } = this.drawn;
    return { above: this.#heights.top(from), below: this.#heights.total - this.#heights.top(to) };
  }

  #anchorIndex(): number | null {
    if (!this.#anchor) return null;
    const index = this.#keys.indexOf(this.#anchor.key);
    return index < 0 ? null : index;
  }

  #choose(): void {
    const { length, total } = this.#heights;
    const top = this.top ?? Math.max(0, total - this.#height);
    const from = length === 0 ? 0 : this.#heights.at(top - BEYOND_PX);
    const to = length === 0 ? 0 : this.#heights.at(top + this.#height + BEYOND_PX) + 1;
    if (from !== this.drawn.from || to !== this.drawn.to) this.drawn = { from, to };
  }
}
