// What must survive a reload of the page, in this tab's own storage: never in an address, never in another tab.

/**
 * @template T
 * @param {string} name
 * @param {T} nothing what is there at first
 * @returns {{read: () => T, write: (value: T) => void}}
 */
export function tabStore(name, nothing) {
  return {
    read() {
      try {
        return { ...nothing, ...JSON.parse(sessionStorage.getItem(name) ?? "{}") };
      } catch {
        return nothing;
      }
    },
    write(value) {
      try {
        sessionStorage.setItem(name, JSON.stringify(value));
      } catch {
        // Storage is full or forbidden: the chat works, it only does not survive a reload.
      }
    },
  };
}
