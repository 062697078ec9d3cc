// What a desk is made with, what it says of itself, and what it tells of.

import type { AgentChat } from "./agent-chat.js";
import type { LinkState } from "./link.js";
import type { Offer } from "./offer.js";
import type { ClientOptions } from "./options.js";
import type { DeskState, LeaveCommand } from "./protocol/agent.js";
import type { ChatEvent } from "./thread.js";

/** Whether an agent is signed out, about to sign in, or signed in. */
export type AgentPhase = "out" | "signing" | "in";

/** What becomes of a chat that an agent leaves. */
export type LeaveHow = NonNullable<LeaveCommand["how"]>;

/** What another window of the same agent needs to go on without the password. It is a secret. */
export interface Transfer {
  readonly name: string;
  readonly token: string;
}

/** What a desk is made with. */
export interface AgentOptions extends ClientOptions {
  /** What `AgentDesk.transfer` gave in another window. */
  transfer?: Transfer;
}

/** Whether the agent takes chats. */
export interface AgentStatus {
  readonly state: DeskState;
  /** Why not; may be empty. */
  readonly reason: string;
}

/** What a desk tells of. */
export interface AgentEvents {
  /** Something new in a chat. After a reload all of it comes again, from the beginning. */
  event: { chat: AgentChat; event: ChatEvent };
  /** A new offer: it rings. */
  offer: Offer;
  /** The agent is in one more chat. */
  chat: AgentChat;
  /** A chat is over for them; its `over` says why. */
  over: AgentChat;
  /** Others type in a chat, or no longer. */
  typing: AgentChat;
  /** The connection is in another state. */
  connection: LinkState;
  /** The agent signs in, is in, or is out. */
  phase: AgentPhase;
}
