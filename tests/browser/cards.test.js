// Pictures of cards, from a host of their own, on a website with a policy: they are shown in a place that was kept for them.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { violations } from "./support/axe.js";
import { launch, until } from "./support/browser.js";
import { NODE, openShop, Server } from "./support/widget.js";

/** @type {import("playwright-core").Browser} */
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

const PICTURES = "https://pictures.test";
const SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="900" height="900"><rect width="900" height="900"/></svg>';
const OFFER = { type: "rich", by: 3, text: "Which one?" };
const content = {
  kind: "carousel",
  text: "x",
  cards: [
    { title: "Red", image: `${PICTURES}/red.svg`, actions: [{ id: "r", title: "Take red" }] },
    { title: "Blue", image: `${PICTURES}/gone.svg`, actions: [{ id: "b", title: "Take blue" }] },
    { title: "Odd", image: "http://pictures.test/plain.svg", actions: [{ id: "o", title: "Take odd" }] },
  ],
};

for (const [where, url] of [
  ["on a website", undefined],
  ["on the page of a node", `${NODE}/`],
]) {
  test(`a card's picture is shown without telling the page, and nothing moves when it comes or fails: ${where}`, async () => {
    const server = new Server();
    server.headers = {
      "content-security-policy": `default-src 'none'; script-src ${NODE}; connect-src ${NODE} wss://node.test; img-src ${PICTURES}`,
    };
    const { context, page, complaints } = await openShop(browser, { server, ...(url && { url }) });
    /** @type {(value?: unknown) => void} */
    let letCome = () => {};
    const held = new Promise((done) => (letCome = done));
    /** @type {Array<[string, string | undefined]>} */
    const asked = [];
    await context.route("**/*.svg", async (route) => {
      const { pathname, origin } = new URL(route.request().url());
      if (origin === NODE) return route.fallback();
      asked.push([`${origin}${pathname}`, (await route.request().allHeaders()).referer]);
      await held;
      if (pathname !== "/red.svg") return route.fulfill({ status: 404 });
      return route.fulfill({ body: SVG, contentType: "image/svg+xml" });
    });
    if (!url) await page.getByRole("button", { name: "Open the chat" }).click();
    await page.getByLabel("Name").fill("Leonie");
    await page.getByRole("button", { name: "Start the chat" }).click();
    await page.getByRole("textbox", { name: "Write a message" }).waitFor();
    server.say([{ ...OFFER, content }]);
    const button = page.getByRole("button", { name: "Take odd" });
    await button.waitFor();
    await until("both are asked for", () => asked.length === 2);
    const before = await button.boundingBox();
    letCome();
    const red = page.getByRole("img", { name: "Red" });
    await until("it is there", () => red.evaluate((it) => /** @type {HTMLImageElement} */ (it).naturalWidth > 0));
    await until("the other is gone", async () => (await page.locator(".picture img").count()) === 1);
    assert.deepEqual(await button.boundingBox(), before);
    const boxes = await page
      .locator(".picture")
      .evaluateAll((all) => all.map((one) => `${one.clientWidth} ${one.clientHeight}`));
    assert.equal(boxes.length, 2);
    assert.equal(boxes[0], boxes[1]);
    assert.deepEqual(asked.sort(), [
      [`${PICTURES}/gone.svg`, undefined],
      [`${PICTURES}/red.svg`, undefined],
    ]);
    assert.deepEqual(await violations(page, "#handoff-chat"), []);
    assert.deepEqual(complaints, []);
    await context.close();
  });
}

test("data beyond the limits is said to the website, when a chat begins and in one that goes on", async () => {
  const server = new Server();
  const limits = ["user_data.page is longer than 256 bytes", "data.page is longer than 256 bytes"];
  server.instead = ({ do: what, data, user_data }) => {
    if (!["start", "attach"].includes(what) || (data ?? user_data)?.page?.length <= 256) return undefined;
    const [code, message, field] =
      what === "start" ? ["bad_field", limits[0], "user_data.page"] : ["bad_command", limits[1]];
    return { error: { code, message, field, retry: false } };
  };
  const { context, page, complaints } = await openShop(browser, { server });
  await page.evaluate(`handoff.set({ page: "${"x".repeat(300)}" })`);
  await page.getByRole("button", { name: "Open the chat" }).click();
  await page.getByLabel("Name").fill("Leonie");
  await page.getByRole("button", { name: "Start the chat" }).click();
  await page.getByText("That did not work. Please try again.").waitFor();
  await until("it is said", () => complaints.join() === `handoff: ${limits[0]}`);
  await page.evaluate('handoff.set({ page: "shop" })');
  await page.getByRole("button", { name: "Start the chat" }).click();
  await page.getByRole("textbox", { name: "Write a message" }).waitFor();
  await page.evaluate(`handoff.set({ page: "${"x".repeat(300)}" })`);
  await until("it is said again", () => complaints.join() === `handoff: ${limits.join(",handoff: ")}`);
  await context.close();
});
