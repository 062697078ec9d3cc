// The nodes that a client may turn to: those it was given, and those that the cluster's hellos name.

/** A node's address without the slash at its end. */
function plain(url: string): string {
  return url.trim().replace(/\/+$/, "");
}

/** Knows which node is used now and which one is next. */
export class Nodes {
  readonly #given: string[];
  #learned: string[];
  #current: string;
  /** How often each was lost or not reached since it last said hello. */
  readonly #failures = new Map<string, number>();

  /**
   * @param given base URLs, which stay the fallback
   * @param kept those that were known before a reload, the one in use then first
   */
  constructor(given: readonly string[], kept: readonly string[] = []) {
    const usable = given.map(plain).filter((url) => /^https?:\/\/./i.test(url));
    const [first] = usable;
    if (first === undefined || usable.length < given.length) {
      throw new TypeError(
        "`nodes` must be base URLs that begin with http:// or https://, and at least one: " + JSON.stringify(given),
      );
    }
    this.#given = usable;
    this.#learned = this.#open(kept.map(plain));
    this.#current = this.all[0] ?? first;
  }

  /** All that are known, those of the cluster's own words first. */
  get all(): readonly string[] {
    return [...new Set([...this.#learned, ...this.#given])];
  }

  /** The node in use, or tried next. */
  get current(): string {
    return this.#current;
  }

  /** What to keep for a reload: the node in use first. */
  get kept(): readonly string[] {
    return this.#learned.length === 0 ? [] : [...new Set([this.#current, ...this.#learned])];
  }

  /** All that are known, the one in use first: for requests beside the connection. */
  get fromCurrent(): readonly string[] {
    return [...new Set([this.#current, ...this.all])];
  }

  /** The current node said hello, and which nodes serve; none behind a balancer. */
  greeted(nodes: readonly string[]): void {
    this.#failures.delete(this.#current);
    this.learn(nodes);
  }

  /** Which nodes serve, by the cluster's word; none behind a balancer. */
  learn(nodes: readonly string[]): void {
    this.#learned = this.#open(nodes.map(plain));
  }

  /** The current node was lost or not reached: the next one is that which failed least, in turn. */
  turn(): void {
    const failed = (url: string) => this.#failures.get(url) ?? 0;
    this.#failures.set(this.#current, failed(this.#current) + 1);
    const { all } = this;
    const at = all.indexOf(this.#current) + 1;
    const [next, ...others] = [...all.slice(at), ...all.slice(0, at)];
    if (next === undefined) return;
    this.#current = others.reduce((best, url) => (failed(url) < failed(best) ? url : best), next);
  }

  /** Those that can be used from here: a page that came over https may not ask anybody over http. */
  #open(nodes: readonly string[]): string[] {
    const secure = this.#given.every((url) => /^https:/i.test(url));
    return nodes.filter((url) => /^https:\/\/./i.test(url) || (!secure && /^http:\/\/./i.test(url)));
  }
}
