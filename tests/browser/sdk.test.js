// The SDK as it is packed, with three real nodes: a customer and an agent talk while the node that both are connected to is
// killed, and then the owner of their chat; over sockets, and over HTTP. And the examples.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { webcrypto } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import WebSocket from "ws";
import { until } from "./support/browser.js";
import { Cluster } from "./support/cluster.js";
import { Project } from "./support/package.js";

const MESSAGES = 40;
/** What makes the bot hand over to a person. */
const PERSON = "I want to talk to a person, please";

/** @type {Cluster} */
let cluster;
/** @type {Project} */
let project;
/** @type {any} */
let sdk;
/** @type {Array<() => void>} */
const cleanups = [];

before(async () => {
  project = new Project();
  [sdk, cluster] = await Promise.all([project.sdk(), Cluster.start(3)]);
});
after(async () => {
  for (const cleanup of cleanups.splice(0)) cleanup();
  await cluster?.stop();
  project?.remove();
});

/**
 * What somebody said, as somebody else or they themselves know it.
 * @param {any} thread
 * @param {string} role
 * @returns {string[]}
 */
function said(thread, role) {
  const messages = thread.events.filter((/** @type {any} */ { type }) => type === "message");
  return messages
    .filter((/** @type {any} */ { by }) => thread.participant(by)?.role === role)
    .map((/** @type {any} */ { text }) => text);
}

/**
 * A customer and an agent in one chat, both at the first node.
 * @param {string} transport
 */
async function together(transport) {
  const [first] = cluster.nodes;
  const getRandomValues = (/** @type {Uint8Array} */ bytes) => webcrypto.getRandomValues(bytes);
  const options = { nodes: [first.url], WebSocket, getRandomValues, transport };
  const desk = new sdk.AgentDesk(options);
  const chat = new sdk.CustomerChat(options);
  cleanups.push(() => {
    desk.close();
    chat.close();
  });
  desk.signIn("demo", cluster.demoPassword());
  await until("the agent is in", () => desk.phase === "in");
  await desk.ready();
  chat.start({ nickname: "Zoë 🦊", subject: "A parcel" });
  await until("the chat has begun", () => chat.phase === "open" && chat.thread.has("bot"));
  chat.send(PERSON);
  await until("it is offered", () => desk.offers.size === 1);
  await desk.accept(chat.key.chat);
  const agents = await until("the agent is in the chat", () => desk.chats.get(chat.key.chat));
  await until("they see each other", () => chat.thread.has("agent") && agents.thread.has("customer"));
  assert.deepEqual([chat.nodes[0], desk.nodes[0]], [first.url, first.url]);
  return { chat, desk, agents };
}

/**
 * Both talk without a pause, while what `meanwhile` says happens.
 * @param {any} customer
 * @param {any} agent
 * @param {Map<number, () => Promise<void>>} meanwhile what happens, by the number of the message before
 */
async function talk(customer, agent, meanwhile) {
  const texts = { customer: /** @type {string[]} */ ([]), agent: /** @type {string[]} */ ([]) };
  const happening = [];
  for (let number = 1; number <= MESSAGES; number += 1) {
    texts.customer.push(`customer ${number} 💶`);
    customer.send(texts.customer.at(-1));
    texts.agent.push(`agent ${number} مرحبا`);
    agent.send(texts.agent.at(-1));
    const happens = meanwhile.get(number);
    if (happens) happening.push(happens());
    await sleep(40);
  }
  await Promise.all(happening);
  return texts;
}

for (const transport of ["websocket", "polling"]) {
  test(`over ${transport} two talk through the kill of their node and of the owner: nothing lost, doubled, reordered`, async () => {
    const [first, second] = cluster.nodes;
    const { chat, desk, agents } = await together(transport);
    const id = chat.key.chat;
    const kill = async () => {
      await first.kill();
    };
    const killOwner = async () => {
      const owner = await cluster.ownerOf(id);
      await owner.kill();
      await owner.start();
      await owner.ready();
    };
    const texts = await talk(
      chat,
      agents,
      new Map([
        [10, kill],
        [25, killOwner],
      ]),
    );
    texts.customer.unshift(PERSON);
    const all = () =>
      [chat.thread, agents.thread].every(
        (thread) =>
          said(thread, "customer").length >= texts.customer.length &&
          said(thread, "agent").length >= texts.agent.length,
      );
    await until("all of it is there", () => all() && chat.pending.length === 0 && agents.pending.length === 0);
    for (const thread of [chat.thread, agents.thread]) {
      assert.deepEqual(said(thread, "customer"), texts.customer);
      assert.deepEqual(said(thread, "agent"), texts.agent);
    }
    assert.equal(chat.transport, transport);
    assert.notEqual(chat.nodes[0], first.url);
    assert.notEqual(desk.nodes[0], first.url);
    assert.ok(chat.nodes.length >= 2, "the others were learned from the node that was given");

    chat.leave();
    await until("the customer has left", () => chat.phase === "ended");
    await desk.leave(id, "force_close");
    await until("the agent has left", () => agents.over !== "");
    const record = await until("the record is closed", async () => {
      const found = await second.admin(`/admin/v1/records/${id}`).catch(() => null);
      return found?.endedAt && found;
    });
    const by = (/** @type {string} */ name) =>
      record.participants.find((/** @type {any} */ one) => one.nickname === name)?.number;
    const recorded = (/** @type {string} */ name) =>
      record.events
        .filter((/** @type {any} */ event) => event.type === "message" && event.by === by(name))
        .map((/** @type {any} */ event) => event.text);
    assert.deepEqual(recorded("Zoë 🦊"), texts.customer);
    assert.deepEqual(recorded(desk.nickname), texts.agent);
    await desk.signOut();
    await first.start();
    await first.ready();
  });
}

/**
 * Runs an example.
 * @param {string[]} args
 * @param {Record<string, string>} [env]
 */
function run(args, env = {}) {
  const child = spawn(process.execPath, args, { cwd: project.folder, env: { ...process.env, ...env } });
  const program = { child, out: "" };
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (program.out += data));
  cleanups.push(() => child.kill());
  return program;
}

test("the examples: a customer who resumes after their program was killed, and an agent who answers", async () => {
  const nodes = cluster.nodes.map(({ url }) => url);
  const file = join(project.folder, "chat.json");
  const agent = run(["agent.mjs", "demo", ...nodes], { HANDOFF_PASSWORD: cluster.demoPassword() });
  const customer = run(["customer.mjs", file, ...nodes]);
  customer.child.stdin.write(`${PERSON}\n`);
  await until("the agent has taken the chat", () => agent.out.includes("they said:"));
  customer.child.stdin.write("one\n");
  await until("one is answered", () => customer.out.includes("You said: one"));
  customer.child.kill("SIGKILL");

  assert.ok(existsSync(file) && readFileSync(file, "utf8").includes('"phase":"open"'));
  const again = run(["customer.mjs", file, ...nodes]);
  await until("it is told what was said", () => again.out.includes("You said: one"));
  again.child.stdin.write("two\n");
  await until("two is answered", () => again.out.includes("You said: two"));
  assert.equal(again.out.match(/You said: one/g)?.length, 1);
  again.child.stdin.write("/leave\n");
  await until("the program has ended", () => again.child.exitCode !== null);
  assert.equal(again.child.exitCode, 0, again.out);
});

test("the package holds what is needed and no more", () => {
  const files = project.files().filter((path) => !path.startsWith("dist"));
  assert.deepEqual(files.sort(), ["LICENSE", "README.md", "package.json"]);
});
