// What of a desk survives a reload.

import type { KeptChat } from "./agent-chat.js";
import { NO_CONNECTION, type KeptConnection } from "./options.js";

export interface KeptDesk extends KeptConnection {
  format: "handoff-agent-1";
  name: string;
  token: string;
  /** A token whose time was over: it shows every node that this is no stranger who guesses. */
  past: string;
  chats: Record<string, KeptChat>;
}

/** What is kept of nobody's desk. */
export const noDesk = (): KeptDesk => ({
  format: "handoff-agent-1",
  name: "",
  token: "",
  past: "",
  chats: {},
  ...NO_CONNECTION,
});
