// Scenes of the main story, for each browser that it is told in: a customer and an agent in a chat, at their pages.

import assert from "node:assert/strict";
import { until } from "./browser.js";

/** @typedef {{customer: import("./people.js").Customer, agent: import("./people.js").Agent}} People */

/**
 * They see each other type, and talk.
 * @param {People} people
 */
export async function talk({ customer, agent }) {
  await customer.field.pressSequentially("My par");
  await agent.page.locator(".typing .preview").getByText("My par").waitFor();
  await agent.field.pressSequentially("Good");
  await customer.page.locator(".typing").getByText("is typing").waitFor();
  await agent.says("Good morning, Zoë");
  await customer.hears("Good morning, Zoë");
  await customer.says("My parcel is not here. طردي ليس هنا");
  await agent.hears("My parcel is not here.");
}

/**
 * The node is killed, and they talk on.
 * @param {import("./cluster.js").Cluster["nodes"][number]} node
 * @param {People} people
 */
export async function talkThroughKill(node, { customer, agent }) {
  await node.kill();
  await customer.says("are you still there? 👀");
  await agent.says("yes, always");
  await agent.hears("are you still there? 👀");
  await customer.hears("yes, always");
}

/**
 * After the end: what each has said is at their own page and in the closed record, once and in order.
 * @param {import("./cluster.js").Cluster["nodes"][number]} node that is asked for the record
 * @param {string} chat
 * @param {People} people
 * @param {Record<keyof People, string>} names
 */
export async function allIsRecorded(node, chat, people, names) {
  const record = await until("the record is closed", async () => {
    const session = await node.admin(`/admin/v1/sessions/${chat}`);
    return session.state === "closed" && (await node.admin(`/admin/v1/records/${chat}`));
  });
  const messages = record.events.filter((/** @type {any} */ one) => one.type === "message");
  for (const who of /** @type {const} */ (["customer", "agent"])) {
    const { texts } = people[who];
    assert.deepEqual(await people[who].said(), texts);
    const { number } = record.participants.find((/** @type {any} */ one) => one.nickname === names[who]);
    const said = messages.filter((/** @type {any} */ one) => one.by === number);
    assert.deepEqual(
      said.map((/** @type {any} */ one) => one.text),
      texts,
    );
  }
}
