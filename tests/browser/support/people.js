// What people do at the pages, in the words of English.

import { until } from "./browser.js";

/** @typedef {import("playwright-core").Page} Page */

/**
 * What the customer's page keeps of its chat.
 * @param {Page} page
 * @returns {Promise<{chat: string, key: string}>}
 */
export function kept(page) {
  return page.evaluate(() => JSON.parse(localStorage.getItem("handoff:default") ?? "{}"));
}

class Person {
  /** @type {string[]} all that they said */
  texts = [];

  /** @param {Page} page */
  constructor(page) {
    this.page = page;
  }

  get field() {
    return this.page.getByRole("textbox", { name: "Write a message" });
  }

  /**
   * Writes it and presses Enter; it need not have arrived.
   * @param {string} text
   */
  async says(text) {
    this.texts.push(text);
    await this.field.fill(text);
    await this.field.press("Enter");
  }

  /** Their messages that the server has, as their page shows them. */
  said() {
    return this.page.locator(".message.mine:is(.sent, .seen) .bubble").allTextContents();
  }

  /** What others said. */
  heard() {
    return this.page.locator(".message.theirs .bubble").allTextContents();
  }

  /** @param {string} text */
  async hears(text) {
    await this.page.locator(".message.theirs .bubble", { hasText: text }).waitFor();
  }
}

export class Customer extends Person {
  /**
   * @param {string} url of the node whose page they open
   * @param {string} name
   * @param {string} [subject]
   */
  async start(url, name, subject = "") {
    await this.page.goto(`${url}/?lang=en`);
    await this.#begin(name, subject);
  }

  /**
   * @param {string} url of the node that the example's website has its widget from
   * @param {string} name
   * @param {string} [subject]
   */
  async startOnSite(url, name, subject = "") {
    await this.page.goto(`${url}/examples/site`);
    await this.page.getByRole("button", { name: "Open the chat" }).click();
    await this.#begin(name, subject);
  }

  /**
   * @param {string} name
   * @param {string} subject
   */
  async #begin(name, subject) {
    await this.page.getByLabel("Name").fill(name);
    if (subject) await this.page.getByLabel("What is it about?").fill(subject);
    await this.page.getByRole("button", { name: "Start the chat" }).click();
    await this.field.waitFor();
  }

  /** All they said is acknowledged, and somebody answered the last of it. */
  async isAnswered() {
    await until(`"${this.texts.at(-1)}" is there and answered`, async () => {
      const said = await this.said();
      const last = await this.page.locator(".message").last().getAttribute("class");
      return said.length === this.texts.length && last?.includes("theirs");
    });
  }

  async leaves() {
    await this.page.getByRole("button", { name: "More" }).click();
    await this.page.getByRole("menuitem", { name: "End the chat" }).click();
    await this.page.getByRole("dialog").getByRole("button", { name: "End the chat" }).click();
  }
}

export class Agent extends Person {
  /**
   * @param {string} url
   * @param {string} name
   * @param {string} password
   */
  async signIn(url, name, password) {
    await this.page.goto(`${url}/agent?lang=en`);
    await this.page.getByLabel("Name").fill(name);
    await this.page.getByLabel("Password").fill(password);
    await this.page.getByRole("button", { name: "Sign in" }).click();
    await this.page.locator("#status").waitFor();
  }

  async isReady() {
    await this.page.locator("#status").click();
    await this.page.getByRole("menuitemcheckbox", { name: "Ready", exact: true }).click();
    await this.page.locator(".status-text", { hasText: /^Ready$/ }).waitFor();
  }

  /** @param {string} how the first words of the menu's entry */
  async leaves(how) {
    await this.page.getByRole("button", { name: "End", exact: true }).click();
    await this.page.getByRole("menuitem", { name: how }).click();
  }
}
