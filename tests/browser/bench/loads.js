// From the start of a navigation to a page that can be used: the desk with its chats, and a website's launcher.

import WebSocket from "ws";
import { newWindow, until } from "../support/browser.js";
import { Agent } from "../support/people.js";
import { takesChats } from "./delivery.js";
import { figures } from "./figures.js";
import { timeUsable } from "./stopwatch.js";

/** @typedef {import("playwright-core").Page} Page */

const CHATS = 20;
/** As it is built beside the pages. */
const SDK = new URL("../../../web/sdk/dist/index.js", import.meta.url).href;

/**
 * @param {import("playwright-core").Browser} browser
 * @param {import("../support/cluster.js").Cluster} cluster with the agent `kate` and places for all chats
 * @param {string} password
 * @param {number} loads
 */
export async function measureLoads(browser, cluster, password, loads) {
  const url = /** @type {{url: string}} */ (cluster.nodes[0]).url;
  const customers = await startChats(url);
  const desk = await newWindow(browser, { viewport: { width: 1280, height: 800 } });
  await new Agent(desk.page).signIn(url, "kate", password);
  await new Agent(desk.page).isReady();
  await takesChats(desk.page, CHATS);
  await desk.page.locator(".chats [data-chat] button").first().click();
  await desk.page.locator("#message").waitFor();
  const usable = { selector: ".chats [data-chat]", count: CHATS, filled: ".row-text", also: "#message" };
  await desk.context.addInitScript(timeUsable, usable);
  const site = await newWindow(browser, { viewport: { width: 1280, height: 800 } });
  await site.context.addInitScript(timeUsable, { selector: "button.launcher", count: 1 });
  const found = [];
  for (const cache of /** @type {const} */ (["cold", "warm"])) {
    const deskTimes = await loadAgain(desk.page, `${url}/agent?lang=en`, cache, loads);
    const siteTimes = await loadAgain(site.page, `${url}/examples/site`, cache, loads);
    found.push(figures(`desk usable with ${CHATS} chats, ${cache} cache`, deskTimes));
    found.push(figures(`launcher shown on a website, ${cache} cache`, siteTimes));
  }
  for (const customer of customers) customer.close();
  await Promise.all([desk.context.close(), site.context.close()]);
  return found;
}

/**
 * @param {Page} page
 * @param {string} address
 * @param {"cold" | "warm"} cache
 * @param {number} loads
 */
async function loadAgain(page, address, cache, loads) {
  const browser = await page.context().newCDPSession(page);
  /** @type {number[]} */
  const times = [];
  if (cache === "warm") await page.goto(address);
  while (times.length < loads) {
    await page.goto("about:blank");
    if (cache === "cold") await browser.send("Network.clearBrowserCache");
    await page.goto(address);
    const usable = () =>
      page.evaluate(() => /** @type {number | undefined} */ (/** @type {any} */ (globalThis).usable));
    times.push(await until(`${address} can be used`, usable));
  }
  return times;
}

/** Customers who wait for an agent, by the SDK. @param {string} url */
async function startChats(url) {
  const { CustomerChat, memoryStore } = await import(SDK);
  /** @type {any[]} */
  const chats = [];
  for (let n = 0; n < CHATS; n += 1) {
    const chat = new CustomerChat({ nodes: [url], store: memoryStore(), WebSocket });
    chat.start({ nickname: `Customer ${n + 1}`, subject: "A parcel", service: "default" });
    chats.push(chat);
  }
  const bot = (/** @type {any} */ chat) =>
    chat.thread.events.some((/** @type {any} */ one) => one.text?.includes("Robin"));
  await until("the bot has greeted all", () => chats.every(bot));
  for (const chat of chats) chat.send("I want to talk to a person, please");
  return chats;
}
