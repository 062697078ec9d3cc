// What people do at the pages, in the words of their languages' first table: English.

import { until } from "./browser.js";

/** @typedef {import("playwright-core").Page} Page */

/**
 * What the customer's page keeps in its tab.
 * @param {Page} page
 * @returns {Promise<{chat: string, key: string}>}
 */
export function kept(page) {
  return page.evaluate(() => JSON.parse(sessionStorage.getItem("handoff-customer") ?? "{}"));
}

class Person {
  /** @type {string[]} all that he said */
  texts = [];

  /** @param {Page} page */
  constructor(page) {
    this.page = page;
  }

  /**
   * Writes it and presses Enter; it need not have arrived.
   * @param {string} text
   */
  async says(text) {
    this.texts.push(text);
    const field = this.page.getByLabel("Your message");
    await field.fill(text);
    await field.press("Enter");
  }

  /** His messages that the server has, as his page shows them. */
  said() {
    return this.page.locator("#log li.mine .text").allTextContents();
  }

  /** What others said. */
  heard() {
    return this.page.locator("#log li.theirs .text").allTextContents();
  }

  /** @param {string} text */
  async hears(text) {
    await this.page.locator("#log li.theirs .text", { hasText: text }).waitFor();
  }
}

export class Customer extends Person {
  /**
   * @param {string} url of the node whose page he opens
   * @param {string} name
   * @param {string} [subject]
   */
  async start(url, name, subject = "") {
    await this.page.goto(`${url}/?lang=en`);
    await this.page.getByLabel("Your name").fill(name);
    await this.page.getByLabel("What is it about?").fill(subject);
    await this.page.getByRole("button", { name: "Start chat" }).click();
    await this.page.getByLabel("Your message").waitFor();
  }

  /** All he said is acknowledged, and somebody answered the last of it. */
  async isAnswered() {
    await until(`"${this.texts.at(-1)}" is there and answered`, async () => {
      const said = await this.said();
      const last = await this.page.locator("#log li:not(.line)").last().getAttribute("class");
      return said.length === this.texts.length && last?.startsWith("theirs");
    });
  }

  async leaves() {
    await this.page.getByRole("button", { name: "End chat" }).click();
    await this.page.getByRole("dialog").getByRole("button", { name: "End chat" }).click();
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
    await this.page.getByRole("menuitem", { name: "Ready", exact: true }).click();
    await this.page.locator("#status-text", { hasText: /^Ready$/ }).waitFor();
  }

  /** @param {string} how the first words of the menu's entry */
  async leaves(how) {
    await this.page.getByRole("button", { name: "Leave", exact: true }).click();
    await this.page.getByRole("menuitem", { name: how }).click();
  }
}
