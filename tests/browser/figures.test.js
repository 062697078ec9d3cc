// What the benchmark of the pages computes from what it measured.

import assert from "node:assert/strict";
import { test } from "node:test";
import { clockDifference, figures, percentile } from "./bench/figures.js";

test("a percentile is a value that was measured, and so many do not exceed it", () => {
  const values = Array.from({ length: 200 }, (_, n) => 200 - n);
  assert.deepEqual(
    [0, 50, 95, 99, 100].map((percent) => percentile(values, percent)),
    [1, 100, 190, 198, 200],
  );
  assert.equal(percentile([7], 99), 7);
  assert.throws(() => percentile([], 50), /nothing was measured/);
  assert.deepEqual(figures("x", [3.14, 1]), { what: "x", count: 2, p50: 1, p95: 3.1, p99: 3.1, max: 3.1 });
});

test("the difference of two clocks lies where every look allows it", () => {
  const looks = /** @type {[number, number, number][]} */ ([
    [0, 7, 4],
    [10, 16, 12],
  ]);
  assert.deepEqual(clockDifference(looks), { least: 4, most: 6 });
});
