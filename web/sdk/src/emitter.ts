// Who wants to know what happens: "something changed" for who draws, and single events by name.

/** Takes a listener back. */
export type Unsubscribe = () => void;

/** Tells listeners of events, whose names and contents are the members of `Events`. */
export class Emitter<Events extends object> {
  readonly #changed = new Set<() => void>();
  readonly #named = new Map<keyof Events, Set<(content: never) => void>>();

  /** Calls `listener` after each change, whatever it is. */
  subscribe(listener: () => void): Unsubscribe {
    // With a function of its own, the same listener may be added twice.
    const own = () => {
      listener();
    };
    this.#changed.add(own);
    return () => {
      this.#changed.delete(own);
    };
  }

  /** Calls `listener` with each event of that name. */
  on<Name extends keyof Events>(name: Name, listener: (content: Events[Name]) => void): Unsubscribe {
    const own = (content: Events[Name]) => {
      listener(content);
    };
    const listeners = this.#named.get(name) ?? new Set();
    listeners.add(own);
    this.#named.set(name, listeners);
    return () => {
      listeners.delete(own);
    };
  }

  /** Tells that something changed. */
  changed(): void {
    for (const listener of [...this.#changed]) listener();
  }

  /** Tells of an event. */
  emit<Name extends keyof Events>(name: Name, content: Events[Name]): void {
    for (const listener of [...(this.#named.get(name) ?? [])]) listener(content as never);
  }
}
