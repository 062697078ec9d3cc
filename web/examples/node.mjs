// What the SDK is given in Node: sockets before Node 22, random numbers in Node 18, and a file for what must survive the
// program.

import { webcrypto } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import WebSocket from "ws";

/** What an old Node does not have. */
export const engine = {
  WebSocket,
  getRandomValues: (/** @type {Uint8Array<ArrayBuffer>} */ bytes) => webcrypto.getRandomValues(bytes),
};

/**
 * Keeps a client's state in a file that its owner alone may read.
 * @param {string} path
 * @returns {import("@handoff/sdk").Store}
 */
export function fileStore(path) {
  return {
    read() {
      try {
        return readFileSync(path, "utf8");
      } catch {
        return null;
      }
    },
    write(text) {
      // Whole or not at all, whenever the program ends.
      writeFileSync(`${path}.new`, text, { mode: 0o600 });
      renameSync(`${path}.new`, path);
    },
  };
}
