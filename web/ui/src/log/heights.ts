// How high the rows of a long list are, as far as they were ever drawn: where each begins and which lies where, in
// logarithmic time (a Fenwick tree).

/** The heights of a list's rows in pixels; those that were not measured count as `estimate`. */
export class Heights {
  #known: number[] = [];
  #tree: number[] = [0];

  readonly #estimate: number;

  /** @param estimate the height of a row that was never measured, in pixels */
  constructor(estimate: number) {
    this.#estimate = estimate;
  }

  /** How many rows there are. */
  get length(): number {
    return this.#known.length;
  }

  /** All rows together. */
  get total(): number {
    return this.top(this.length);
  }

  /** Makes it so many rows: new ones at the end count as the estimate. */
  resize(length: number): void {
    while (this.length < length) this.#push(this.#estimate);
    this.#known.length = length;
    this.#tree.length = length + 1;
  }

  #push(height: number): void {
    this.#known.push(height);
    const at = this.length;
    let sum = height;
    for (let below = 1; below < (at & -at); below *= 2) sum += this.#tree[at - below] ?? 0;
    this.#tree[at] = sum;
  }

  /** The height of a row. */
  of(index: number): number {
    return this.#known[index] ?? this.#estimate;
  }

  /** Takes a measured height; whether it is another one than before. */
  set(index: number, height: number): boolean {
    const change = height - this.of(index);
    if (index >= this.length || change === 0) return false;
    this.#known[index] = height;
    for (let at = index + 1; at <= this.length; at += at & -at) this.#tree[at] = (this.#tree[at] ?? 0) + change;
    return true;
  }

  /** Where a row begins. */
  top(index: number): number {
    let sum = 0;
    for (let at = Math.min(index, this.length); at > 0; at -= at & -at) sum += this.#tree[at] ?? 0;
    return sum;
  }

  /** The row that lies at this many pixels from the beginning; the last one where the list ends before. */
  at(offset: number): number {
    let index = 0;
    let left = offset;
    let step = 1;
    while (step * 2 <= this.length) step *= 2;
    for (; step > 0; step = Math.floor(step / 2)) {
      const height = this.#tree[index + step];
      if (index + step > this.length || height === undefined || height > left) continue;
      index += step;
      left -= height;
    }
    return Math.max(0, Math.min(index, this.length - 1));
  }
}
