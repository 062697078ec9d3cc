// Saves bytes where the browser saves files.

/** So long the browser may take to take the bytes over. */
const TAKEN_MS = 60_000;

/** Offers `bytes` to be saved under a name. */
export function saveAs(bytes: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(bytes);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), TAKEN_MS);
}
