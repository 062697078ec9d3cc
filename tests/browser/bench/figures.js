// Percentiles of what was measured, and how they are printed.

/** @typedef {{what: string, count: number, p50: number, p95: number, p99: number, max: number}} Figures */

/**
 * The smallest value that so many percent of all do not exceed.
 * @param {readonly number[]} values at least one
 * @param {number} percent
 */
export function percentile(values, percent) {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)];
  if (value === undefined) throw new Error("nothing was measured");
  return value;
}

/**
 * @param {string} what
 * @param {readonly number[]} values in milliseconds
 * @returns {Figures}
 */
export function figures(what, values) {
  const at = (/** @type {number} */ percent) => Math.round(percentile(values, percent) * 10) / 10;
  return { what, count: values.length, p50: at(50), p95: at(95), p99: at(99), max: at(100) };
}

/** @param {Figures} figures */
export function line({ what, count, p50, p95, p99, max }) {
  const times = [p50, p95, p99, max].map((ms) => ms.toFixed(1).padStart(9)).join("");
  return `${what.padEnd(52)}${String(count).padStart(7)}${times}`;
}

const COLUMNS = ["p50", "p95", "p99", "max"].map((name) => name.padStart(9)).join("");

/** What stands above the lines. */
export const HEAD = `${"milliseconds".padEnd(52)}${"count".padStart(7)}${COLUMNS}`;

/**
 * How far the second page's clock is before the first's: the range in which it must be, as each look at the second
 * lies between two at the first.
 * @param {readonly (readonly [number, number, number])[]} looks first, second, first
 * @returns {{least: number, most: number}}
 */
export function clockDifference(looks) {
  return {
    least: Math.max(...looks.map(([, second, after]) => second - after)),
    most: Math.min(...looks.map(([before, second]) => second - before)),
  };
}
