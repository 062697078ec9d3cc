// An offer that rings at an agent's desk.

import { steadyNow } from "./platform.js";
import type { DeskCustomer, DeskWork } from "./protocol/agent.js";

/** A chat that an agent is offered. */
export class Offer {
  /** The chat's id. */
  readonly chat: string;
  /** The queue that it comes from. */
  readonly queue: string;
  /** Who waits, and with what. */
  readonly customer: DeskCustomer;
  /** How long it rings in all, as far as it was seen here. */
  readonly totalMs: number;
  /** It was accepted, and is on its way. */
  accepting: boolean;
  /** When it times out, by a clock that nobody sets. */
  readonly #endsAt: number;

  private constructor(work: DeskWork, leftMs: number, known: Offer | undefined) {
    this.chat = work.chat;
    this.queue = work.queue;
    this.customer = work.customer;
    this.#endsAt = steadyNow() + leftMs;
    this.totalMs = Math.max(known?.totalMs ?? 0, leftMs);
    this.accepting = work.stage === "accepting" || known?.accepting === true;
  }

  /** @internal The offer in an entry of the desk; null: it is none. */
  static of(work: DeskWork, known: Offer | undefined): Offer | null {
    if (work.stage === "offered") return new Offer(work, work.left_ms, known);
    return work.stage === "accepting" ? new Offer(work, 0, known) : null;
  }

  /** When it times out, by this machine's clock as it is set now, in milliseconds since 1970. */
  get endsAt(): number {
    return Date.now() + this.leftMs;
  }

  /** How long it still rings, in milliseconds. */
  get leftMs(): number {
    return Math.max(0, this.#endsAt - steadyNow());
  }
}
