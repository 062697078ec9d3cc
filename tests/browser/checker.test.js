// Without a browser: what the takeover's rules make of broken promises.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Checker } from "./support/checker.js";

/** @typedef {[index: number, text: string][]} Said */

/** @param {Said} said */
function told(said) {
  const event =
    (/** @type {string} */ type) =>
    (/** @type {Said[0]} */ [index, text]) => ({
      index,
      type: "Message",
      text,
      from: { type, nickname: "ann" },
    });
  const own = said.filter(([, text]) => !text.startsWith("bot"));
  const bot = said.filter(([, text]) => text.startsWith("bot"));
  const messages = [...own.map(event("Client")), ...bot.map(event("Agent"))];
  return {
    messages: messages.sort(
      (one, other) => said.findIndex(([at]) => at === one.index) - said.findIndex(([at]) => at === other.index),
    ),
  };
}

/** @type {Said} */
const CHAT = [
  [1, "bot greets"],
  [2, "a"],
  [3, "bot answers a"],
  [5, "b"],
  [6, "bot answers b"],
];

/**
 * What is found where this is told, piece by piece, and that is held.
 * @param {Said[]} pieces
 * @param {Said} held
 */
function found(pieces, held) {
  const checker = new Checker(["a", "b"]);
  for (const piece of pieces) checker.look(told(piece));
  checker.compare(told(held));
  return checker.broken;
}

test("what is told once or again, the same, breaks nothing", () => {
  assert.deepEqual(found([CHAT], CHAT), []);
  assert.deepEqual(found([CHAT.slice(0, 3), CHAT.slice(1, 4), CHAT.slice(3)], CHAT), []);
});

test("every kind of broken promise is seen", () => {
  const [greeting, a, answerA, b, answerB] = CHAT;
  /** @type {Said} */
  const swapped = [greeting, [2, "b"], answerA, [5, "a"], answerB];
  /** @type {[string, Said[], Said][]} */
  const cases = [
    ["lost", [CHAT], [greeting, a, answerA, answerB]],
    ["acknowledged, and never told or held", [[greeting, a, answerA]], [greeting, a, answerA]],
    ["never told", [[greeting, a, answerA, b]], CHAT],
    ["doubled", [[...CHAT, [7, "b"]]], [...CHAT, [7, "b"]]],
    ["reordered", [swapped], swapped],
    [
      "told out of order",
      [
        [greeting, b, answerB],
        [a, answerA],
      ],
      CHAT,
    ],
    ["out of order in one message", [[greeting, answerA, a, b, answerB]], CHAT],
    ["an index used twice", [CHAT, [[5, "c"]]], CHAT],
    ["moved to another index", [CHAT], [greeting, a, answerA, [6, "b"], [7, "bot answers b"]]],
    ["a bot that repeats itself", [[...CHAT, [7, "bot answers b"]]], [...CHAT, [7, "bot answers b"]]],
  ];
  for (const [what, pieces, held] of cases) assert.notDeepEqual(found(pieces, held), [], `not seen: ${what}`);
});
