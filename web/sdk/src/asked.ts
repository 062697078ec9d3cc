// What was asked over one connection and is not answered yet.

import { Lost, Refused } from "./errors.js";
import { scope } from "./platform.js";

/** One command on its way. */
export interface Question {
  /** The frame's size. */
  bytes: number;
  timer: unknown;
  resolve(answer: object): void;
  reject(error: Error): void;
}

/** The commands on their way, by id. */
export class Asked {
  readonly #questions = new Map<string, Question>();

  add(id: string, question: Question): void {
    this.#questions.set(id, question);
  }

  /** Tells whoever asked. */
  answered(id: string, answer: { ok?: unknown; error?: unknown }): void {
    const question = this.#take(id);
    if (!question) return;
    if (answer.ok === true) question.resolve(answer);
    else question.reject(refusedBy(answer.error));
  }

  /** Takes the one with the largest frame. */
  takeLargest(): Question | undefined {
    const [largest] = [...this.#questions].sort(([, one], [, other]) => other.bytes - one.bytes);
    return largest && this.#take(largest[0]);
  }

  /** The connection is gone. */
  lost(): void {
    for (const id of [...this.#questions.keys()]) this.#take(id)?.reject(new Lost("There is no connection."));
  }

  #take(id: string): Question | undefined {
    const question = this.#questions.get(id);
    this.#questions.delete(id);
    scope.clearTimeout(question?.timer);
    return question;
  }
}

function refusedBy(error: unknown): Refused {
  const known = typeof (error as { code?: unknown } | null | undefined)?.code === "string";
  return new Refused(known ? (error as { code: string }) : { code: "unknown", message: "The server gave no reason." });
}
