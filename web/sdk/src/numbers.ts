// The numbers that a customer's commands are told apart by.

import type { Refused } from "./errors.js";

/**
 * The number to take instead, when a second page with a copy of this chat was faster, or an earlier refusal used none up.
 */
export function otherNumber(error: Refused, number: number): number {
  if (error.code === "id_in_use") return number + 1;
  const { expected } = error.details;
  return error.code === "expected" && expected !== undefined && expected !== number ? expected : 0;
}
