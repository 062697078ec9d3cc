// Ids of what is kept here. `crypto.randomUUID` is only there on pages that came over https.

/** An id that was never used before. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
