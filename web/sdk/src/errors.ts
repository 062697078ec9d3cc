// What can come of a command that was not carried out.

import type { Error as AgentError } from "./protocol/agent.js";
import type { Error as CustomerError } from "./protocol/customer.js";

/** Why the server said no, as it said it. */
export type Refusal = CustomerError | AgentError;

/** The server's definite no. Its `code` is for programs, its `message` is a sentence in English. */
export class Refused extends Error {
  override readonly name = "Refused";
  /** What programs can tell failures apart by. Codes may be added. */
  readonly code: string;
  /** Whether the same command may be given again. */
  readonly retry: boolean;
  /** When to try again, in milliseconds from now; 0: soon. */
  readonly retryMs: number;
  /** All that the server said. */
  readonly details: Partial<Refusal>;

  constructor(details: { code: string; message?: string; retry?: boolean } & Partial<Omit<Refusal, "code">>) {
    super(details.message ?? details.code);
    this.code = details.code;
    // "unknown": it may have been carried out. All that is repeated here is harmless to repeat.
    this.retry = details.retry === true || details.code === "unknown";
    this.retryMs = details.retry_ms ?? 0;
    this.details = details as Partial<Refusal>;
  }
}

/** The connection went before the answer came, or was closed: whether the command was carried out is not known. */
export class Lost extends Error {
  override readonly name = "Lost";
}
