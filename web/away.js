// Whether a connection is away so long that people should know. Short interruptions are nobody's concern: what is sent
// says "sending" meanwhile.

export class Away {
  /** Whether people should know. */
  is = false;
  #timer = 0;

  /**
   * @param {number} quietMs a connection that is back before this was never away, as far as people can see
   * @param {() => void} came draws that it is away
   */
  constructor(quietMs, came) {
    this.quietMs = quietMs;
    this.came = came;
  }

  /** @param {import("./link.js").LinkState} state of the connection, as it is now */
  see(state) {
    const lost = state === "reconnecting" || state === "connecting";
    if (lost && !this.#timer) {
      this.#timer = setTimeout(() => {
        this.is = true;
        this.came();
      }, this.quietMs);
    } else if (!lost) {
      clearTimeout(this.#timer);
      this.#timer = 0;
      this.is = false;
    }
  }
}
