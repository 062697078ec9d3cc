// What a customer's chat keeps: over a reload, and of the line.

import type { CustomerItem, CustomerPhase, StartForm } from "./customer.js";
import { NO_CONNECTION, type KeptConnection } from "./options.js";

/** A chat's own, without what the server tells anew. */
export interface Kept extends KeptConnection {
  format: "handoff-customer-1";
  phase: CustomerPhase;
  form: StartForm & { client_id?: string };
  chat: string;
  key: string;
  /** Of the next command. */
  number: number;
  items: readonly CustomerItem[];
  /** One past the last index that was read. */
  read: number;
}

/** What is kept of a chat that never was. */
export const nothing = (): Kept => ({
  format: "handoff-customer-1",
  phase: "idle",
  form: {},
  chat: "",
  key: "",
  number: 1,
  items: [],
  read: 1,
  ...NO_CONNECTION,
});

/** Where a customer stands in line. */
export interface QueuePlace {
  /** 1: the next. */
  readonly place: number;
  /** How long it may take until an agent is there, in seconds; null: nothing is known. */
  readonly wait_s: number | null;
}
