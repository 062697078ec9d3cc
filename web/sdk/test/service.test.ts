// What a service says of itself, asked of the nodes over HTTP.

import { describe, expect, test } from "vitest";
import { describeService, Lost, type FetchLike } from "../src/index.js";
import { httpAnswer } from "./support/server.js";

const NODES = ["https://one.test/", "https://two.test"];
const SAID = { name: "a b", title: { en: "Sales" }, form: [], open: true, wait_s: 60 };

/** Asks nodes that answer with these in turn; null: nobody is there. */
async function ask(...answers: (ReturnType<typeof httpAnswer> | null)[]) {
  const tried: string[] = [];
  const fetch: FetchLike = (url) => {
    const answer = answers[tried.push(url) - 1];
    return answer ? Promise.resolve(answer) : Promise.reject(new TypeError("connection refused"));
  };
  const outcome: unknown = await describeService({ nodes: NODES, fetch }, "a b").catch((error: unknown) => error);
  return { outcome, tried };
}

describe("a service", () => {
  test("is described by the first node that answers", async () => {
    const { outcome, tried } = await ask(null, httpAnswer(200, SAID));
    expect(outcome).toEqual(SAID);
    expect(tried).toEqual(["https://one.test/v1/services/a%20b", "https://two.test/v1/services/a%20b"]);
    expect((await ask(httpAnswer(200, SAID))).tried).toHaveLength(1);
  });

  test("that nobody knows is refused at once", async () => {
    const { outcome, tried } = await ask(httpAnswer(404, { code: "unknown_service", detail: "There is none." }));
    expect(outcome).toMatchObject({ name: "Refused", code: "unknown_service", message: "There is none." });
    expect(tried).toHaveLength(1);
  });

  test("is asked of another node where one is busy, or a proxy answers for it", async () => {
    const busy = httpAnswer(429, { code: "limited", retry_ms: 500 });
    expect((await ask(busy, httpAnswer(200, SAID))).outcome).toEqual(SAID);
    expect((await ask(httpAnswer(200, "<html>"), httpAnswer(200, SAID))).outcome).toEqual(SAID);
    expect((await ask(busy, null)).outcome).toMatchObject({ code: "limited", retryMs: 500 });
  });

  test("is lost where no node answers", async () => {
    expect((await ask(null, null)).outcome).toBeInstanceOf(Lost);
  });
});
