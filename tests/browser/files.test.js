// Files both ways in the browser windows of a customer and of an agent, through the death of the node that took them in.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { launch, newWindow, until } from "./support/browser.js";
import { Cluster } from "./support/cluster.js";
import { Agent, Customer } from "./support/people.js";

/** @typedef {import("playwright-core").Page} Page */

/** @type {import("playwright-core").Browser} */
let browser;
before(async () => {
  browser = await launch();
});
after(async () => {
  await browser?.close();
});

const PNG = Buffer.concat([Buffer.from("89504e470d0a1a0a0000000d49484452", "hex"), Buffer.alloc(150_000, 7)]);
const desktop = { viewport: { width: 1280, height: 800 } };

/**
 * @param {Page} page
 * @param {string} name
 * @param {Buffer} buffer
 */
async function attaches(page, name, buffer) {
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Attach a file" }).click();
  await (await chooser).setFiles({ name, mimeType: "application/octet-stream", buffer });
}

/**
 * What the browser saves of a file in the conversation.
 * @param {Page} page
 * @param {string} name
 */
async function saves(page, name) {
  const saving = page.waitForEvent("download");
  await page.locator(".file", { hasText: name }).click();
  const saved = await saving;
  assert.equal(saved.suggestedFilename(), name);
  return readFileSync(await saved.path());
}

test("customer and agent send each other files, and have them after the node is killed that took them in", async () => {
  const cluster = await Cluster.start(3);
  try {
    const [first, second] = cluster.nodes;
    const [customers, agents] = [await newWindow(browser), await newWindow(browser, desktop)];
    const [customer, agent] = [new Customer(customers.page), new Agent(agents.page)];
    await agent.signIn(second.url, "demo", cluster.demoPassword());
    await agent.isReady();
    await customer.start(first.url, "Zoë");
    await customer.hears("Hello, I am Robin");
    await attaches(customers.page, "猫 cat.png", PNG);
    await customers.page.locator(".mine .file", { hasText: "猫 cat.png" }).waitFor();
    assert.match(await customers.page.locator(".mine .file").innerText(), /150\skB/);
    await attaches(customers.page, "tool.exe", Buffer.from("MZ"));
    await customers.page.getByText("Files of this type can’t be sent.").waitFor();
    await attaches(customers.page, "no-picture.png", Buffer.from("MZ"));
    await customers.page.getByText("Files of this type can’t be sent.").waitFor();

    await customer.says("I want to talk to a person, please");
    await agents.page.locator(".offer").getByRole("button", { name: "Accept" }).click();
    await first.kill();
    assert.deepEqual(await saves(agents.page, "猫 cat.png"), PNG);
    await attaches(agents.page, "answer.txt", Buffer.from("here you are"));
    await customers.page.locator(".theirs .file", { hasText: "answer.txt" }).waitFor();
    assert.equal((await saves(customers.page, "answer.txt")).toString(), "here you are");
    assert.deepEqual(await saves(customers.page, "猫 cat.png"), PNG);
    await until("nothing is left to say", async () => (await customers.page.locator(".note").innerText()) === "");
    for (const { complaints } of [customers, agents]) assert.deepEqual(complaints, []);
  } finally {
    await cluster.stop();
  }
});

test("where files are switched off, the pages have no button", async () => {
  const cluster = await Cluster.start(1, '[services.default]\nfiles = false\n[services.sales]\nworkflow = "demo"\n');
  try {
    const [node] = cluster.nodes;
    const { page, complaints } = await newWindow(browser);
    const asked = page.waitForResponse((answer) => answer.url().endsWith("/files"));
    await new Customer(page).start(node.url, "Zoë");
    assert.equal((await (await asked).json()).limits, null);
    assert.equal(await page.getByRole("button", { name: "Attach a file" }).count(), 0);
    const other = await newWindow(browser);
    await other.page.goto(`${node.url}/?lang=en&service=sales`);
    await other.page.getByLabel("Name").fill("Zoë");
    await other.page.getByRole("button", { name: "Start the chat" }).click();
    await other.page.getByRole("button", { name: "Attach a file" }).waitFor();
    assert.deepEqual([...complaints, ...other.complaints], []);
  } finally {
    await cluster.stop();
  }
});
