// All tabs of a site that show the widget: one of them leads and talks to the server, the others are told. The browser's
// locks say who leads; a tab that closes or crashes loses its lock. Where there are no locks or no channel, each tab
// leads for itself, which the server takes as well.

/** What of a browser is used. */
export interface TabsPlatform {
  readonly locks?: Pick<LockManager, "request"> | undefined;
  readonly channel?: ((name: string) => BroadcastChannel) | undefined;
}

/** The tabs that share a name. */
export class Tabs<Message> {
  readonly #channel: BroadcastChannel | null = null;
  readonly #gone = new AbortController();

  /**
   * @param onLead called once, when this tab leads
   * @param onMessage called with what other tabs say
   */
  constructor(
    name: string,
    platform: TabsPlatform,
    { onLead, onMessage }: { onLead: () => void; onMessage: (message: Message) => void },
  ) {
    if (!platform.locks || !platform.channel) {
      queueMicrotask(onLead);
      return;
    }
    this.#channel = platform.channel(name);
    this.#channel.onmessage = (event: MessageEvent<Message>) => onMessage(event.data);
    const held = () =>
      new Promise<void>((done) => {
        this.#gone.signal.addEventListener("abort", () => done());
        onLead();
      });
    // It is rejected when this tab leaves before it leads.
    platform.locks.request(name, { signal: this.#gone.signal }, held).catch(() => undefined);
  }

  /** Tells all other tabs. */
  tell(message: Message): void {
    this.#channel?.postMessage(message);
  }

  /** Leaves: another tab may lead. */
  close(): void {
    this.#gone.abort();
    this.#channel?.close();
  }
}

/** This browser's own; nothing where it is forbidden. */
export function browserTabs(): TabsPlatform {
  return {
    locks: navigator.locks,
    channel: typeof BroadcastChannel === "undefined" ? undefined : (name) => new BroadcastChannel(name),
  };
}
