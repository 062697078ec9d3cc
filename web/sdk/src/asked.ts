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
    const [first, ...others] = [...this.#questions];
    if (!first) return undefined;
    const [id] = others.reduce((largest, one) => (one[1].bytes > largest[1].bytes ? one : largest), first);
    return this.#take(id);
  }

  /** The connection is gone. */
  lost(): void {
    for (const id of [...this.#questions.keys()]) this.#take(id)?.reject(new Lost("The connection went."));
  }

  #take(id: string): Question | undefined {
    const question = this.#questions.get(id);
    this.#questions.delete(id);
    scope.clearTimeout(question?.timer);
    return question;
  }
}

function refusedBy(error: unknown): Refused {
  const known = error !== null && typeof error === "object" && "code" in error && typeof error.code === "string";
  return new Refused(known ? (error as { code: string }) : { code: "unknown", message: "The server gave no reason." });
}
