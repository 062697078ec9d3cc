// What happens to the node that all clients of a test are connected to, and what they must have seen through it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "./browser.js";
import { Checker } from "./checker.js";
import { Relay } from "./relay.js";

/** @typedef {import("./cluster.js").Cluster} Cluster */

/**
 * What a customer has seen so far.
 * @typedef {object} Seen
 * @property {import("./checker.js").Told[]} told each event of the channel, as it came
 * @property {string[]} acknowledged
 * @property {string} transport the one that is used
 * @property {string[]} trouble
 */

/**
 * How far they are.
 * @typedef {{acknowledged: number, own: number, answers: number, handshakes: number, ended: boolean}} Progress
 */

/**
 * A customer with one client over one transport.
 * @typedef {object} Guest
 * @property {string} name
 * @property {string} transport
 * @property {() => Promise<Progress>} progress
 * @property {() => Promise<Seen>} seen
 * @property {() => Promise<unknown>} goOn says what is left, after the first texts
 * @property {() => Promise<unknown>} leave ends the chat
 * @property {() => Promise<unknown>} close
 */

/**
 * @typedef {object} Failure
 * @property {string} happens what happens to the node
 * @property {boolean} anew its clients have to shake hands anew, and not only may
 * @property {(scene: {cluster: Cluster, node: Cluster["nodes"][0], relay: Relay}) => Promise<void>} begin
 */

/** Customers say so many texts before something happens, and the others while it does. */
export const FIRST = 3;

/** @type {Failure[]} */
const FAILURES = [
  { happens: "is killed", anew: true, begin: ({ node }) => node.kill() },
  { happens: "drains", anew: true, begin: ({ node }) => node.drain() },
  {
    happens: "hangs until a balancer notices",
    anew: true,
    begin: async ({ cluster, node, relay }) => {
      node.pause();
      await cluster.isServedWithout(node);
      relay.leave(node.url);
    },
  },
  {
    happens: "hangs and goes on before a balancer notices",
    anew: false,
    begin: async ({ cluster, node }) => {
      node.pause();
      await cluster.isServedWithout(node);
      node.resume();
    },
  },
];

/**
 * A test for each failure: customers who write side by side lose nothing by it.
 * @param {string} who
 * @param {() => Cluster} clusterOf
 * @param {string[]} texts what each customer says
 * @param {(url: string) => Promise<Guest[]>[]} enter
 */
export function testFailures(who, clusterOf, texts, enter) {
  for (const { happens, anew, begin } of FAILURES) {
    test(`${who} lose nothing when their node ${happens}`, async () => {
      const cluster = clusterOf();
      const [node, other] = cluster.nodes;
      const relay = new Relay(cluster.nodes.map(({ url }) => url));
      const guests = (await Promise.all(enter(await relay.start()))).flat();
      try {
        await each(guests, async (guest) => {
          await reach(guest, "the first are acknowledged", ({ acknowledged }) => acknowledged === FIRST);
          assert.equal((await guest.seen()).transport, guest.transport);
        });
        await each(guests, (guest) => guest.goOn());
        await begin({ cluster, node, relay });
        await each(guests, async (guest) => {
          if (anew) await reach(guest, "they shake hands anew", ({ handshakes }) => handshakes > 1);
          await reach(guest, "all are acknowledged, shown and answered", ({ acknowledged, own, answers }) => {
            return acknowledged === texts.length && own >= texts.length && answers > texts.length;
          });
          const seen = await guest.seen();
          assert.deepEqual(seen.acknowledged, texts);
          await check(guest.name, seen, other.url);
          await guest.leave();
          await reach(guest, "the end is told", ({ ended }) => ended);
        });
      } finally {
        await Promise.all(guests.map((guest) => guest.close()));
        relay.stop();
        await node.kill();
        node.start();
        await node.ready();
      }
    });
  }
}

/**
 * @param {Guest[]} guests
 * @param {(guest: Guest) => Promise<unknown>} what
 */
async function each(guests, what) {
  await Promise.all(guests.map(what));
}

/**
 * Waits until a customer is so far.
 * @param {Guest} guest
 * @param {string} what
 * @param {(progress: Progress) => boolean} so
 */
async function reach(guest, what, so) {
  try {
    await until(`${guest.name}: ${what}`, async () => so(await guest.progress()));
  } catch (error) {
    const [progress, { trouble }] = [await guest.progress(), await guest.seen()];
    throw new Error(`${error}: ${JSON.stringify({ ...progress, trouble })}`);
  }
}

/**
 * What was seen is what the chat holds.
 * @param {string} name
 * @param {Seen} seen
 * @param {string} url of a node that runs
 */
async function check(name, { told, acknowledged }, url) {
  const checker = new Checker(acknowledged);
  for (const one of told) checker.look(one);
  const { chatId, secureKey } = /** @type {any} */ (told[0]);
  const held = await until(`${name}: the chat is read`, async () => {
    const answer = await fetch(`${url}/genesys/2/chat/default/${chatId}/refresh`, {
      method: "POST",
      body: new URLSearchParams({ secureKey, transcriptPosition: "1" }),
    });
    const reply = /** @type {any} */ (await answer.json());
    return reply.statusCode === 0 && reply;
  });
  checker.compare(held);
  assert.deepEqual(checker.broken, [], name);
}
