// An order that does not change under somebody's pointer.

/** The order of a list, which can be held. */
export class HeldOrder {
  #last: readonly string[] = [];

  /**
   * The ids in the order to be shown.
   * @param wanted how they would stand
   * @param held whether somebody points at the list: then those that are there stay where they are, new ones come last
   */
  of(wanted: readonly string[], held: boolean): readonly string[] {
    if (held) {
      const there = new Set(wanted);
      const known = new Set(this.#last);
      this.#last = [...this.#last.filter((id) => there.has(id)), ...wanted.filter((id) => !known.has(id))];
    } else this.#last = wanted;
    return this.#last;
  }
}
