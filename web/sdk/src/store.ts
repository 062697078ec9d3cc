// What must survive a reload: in a page's own storage, in a file, or nowhere.

/**
 * Where a client keeps what must survive a reload: one text. It opens the chat, or speaks for the agent: it must not be
 * seen by others, so never keep it in an address or a cookie.
 */
export interface Store {
  /** What was written last; null: nothing. */
  read(): string | null;
  write(text: string): void;
}

/** `sessionStorage`, `localStorage`, and all that look like them. */
export interface StorageLike {
  getItem(name: string): string | null;
  setItem(name: string, text: string): void;
}

/** React Native's `AsyncStorage`, and all that look like it. */
export interface AsyncStorageLike {
  getItem(name: string): Promise<string | null>;
  setItem(name: string, text: string): Promise<unknown>;
}

/** Keeps it for as long as the program runs. */
export function memoryStore(): Store {
  let kept: string | null = null;
  return {
    read: () => kept,
    write: (text) => {
      kept = text;
    },
  };
}

/**
 * Keeps it under a name in a page's storage. With `sessionStorage` each tab has a chat of its own, with `localStorage` all
 * tabs of a site have the same. Where the storage is full or forbidden the client works, and only forgets with the page.
 */
export function storageStore(storage: StorageLike, name: string): Store {
  return {
    read() {
      try {
        return storage.getItem(name);
      } catch {
        return null;
      }
    },
    write(text) {
      try {
        storage.setItem(name, text);
      } catch {
        // Full or forbidden.
      }
    },
  };
}

/** The same for a storage that takes its time: it is read once, before the client is made, and written in the order given. */
export async function asyncStorageStore(storage: AsyncStorageLike, name: string): Promise<Store> {
  let kept = await storage.getItem(name).catch(() => null);
  let written: Promise<unknown> = Promise.resolve();
  return {
    read: () => kept,
    write(text) {
      kept = text;
      // Full or forbidden: it only forgets with the program.
      written = written.then(() => storage.setItem(name, text)).catch(() => undefined);
    },
  };
}

/** Reads what a client wrote; what cannot be read, or is of another form, counts as nothing. */
export function readKept<Kept extends { format: string }>(store: Store, nothing: () => Kept): Kept {
  const fresh = nothing();
  try {
    const kept: unknown = JSON.parse(store.read() ?? "null");
    if (kept === null || typeof kept !== "object" || !("format" in kept) || kept.format !== fresh.format) return fresh;
    return { ...fresh, ...kept };
  } catch {
    return fresh;
  }
}
