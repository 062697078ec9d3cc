// What of an agent's desk survives a reload.

import type { KeptChat } from "./agent-chat.js";
import { NO_CONNECTION, type KeptConnection } from "./options.js";

/** A desk's own, without what the server tells anew. */
export interface Kept extends KeptConnection {
  format: "handoff-agent-1";
  name: string;
  token: string;
  /** A token whose time was over: it shows every node that this is no stranger who guesses. */
  past: string;
  chats: Record<string, KeptChat>;
}

/** What is kept of a desk that never was. */
export const nothing = (): Kept => ({
  format: "handoff-agent-1",
  name: "",
  token: "",
  past: "",
  chats: {},
  ...NO_CONNECTION,
});
