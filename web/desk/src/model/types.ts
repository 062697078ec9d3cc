// Names for what the SDK gives, as far as the models use it.

import type { agentProtocol, Offer } from "@handoff/sdk";

export type { AgentChat } from "@handoff/sdk";

/** Who waits or chats, as the server tells it. */
export type DeskCustomer = agentProtocol.DeskCustomer;

/** Whatever has a customer: an offer, or a chat's work. */
export interface DeskWorkLike {
  readonly customer: DeskCustomer;
}

/** An earlier chat of a customer. */
export type EarlierChat = agentProtocol.EarlierChat;

/** The customer of a chat, as far as they are known. */
export type Contact = agentProtocol.Contact;

export type { Offer };
