// Files of a chat, over HTTP beside its connection.

import { File } from "node:buffer";
import { afterEach, describe, expect, test } from "vitest";
import { CustomerChat, type FetchLike, type HttpAnswer, type HttpRequest } from "../src/index.js";
import { ChatServer } from "./support/chat-server.js";
import { httpAnswer } from "./support/server.js";
import { fakeTime, pass } from "./support/time.js";

fakeTime();

const open: CustomerChat[] = [];
afterEach(() => {
  for (const chat of open.splice(0)) chat.close();
});

const LIMITS = { files_max: 3, file_bytes_max: 100, need_agent: true, types: ["png", "txt"] };
const NODES = ["http://one.test", "http://two.test"];

interface Asked extends HttpRequest {
  url: string;
}

/** A chat whose files are answered by `answer`. */
async function started(answer: (asked: Asked) => HttpAnswer = () => httpAnswer(200, { limits: LIMITS, files: [] })) {
  const server = new ChatServer();
  const asked: Asked[] = [];
  server.http = ((url, request) => {
    asked.push({ url, ...request });
    return Promise.resolve(answer({ url, ...request }));
  }) satisfies FetchLike;
  const chat = new CustomerChat({ nodes: NODES, WebSocket: server.WebSocket, fetch: server.fetch });
  open.push(chat);
  chat.start({ nickname: "Zoë" });
  await pass(100);
  return { server, chat, asked };
}

const uploads = (asked: Asked[]) => asked.filter(({ method }) => method === "POST");
const file = (name = "a.png", size = 50) => new File(["x".repeat(size)], name);

describe("files", () => {
  test("are known when the chat is open: what may be sent, and when", async () => {
    const { server, chat, asked } = await started();
    expect(chat.files.limits).toEqual(LIMITS);
    expect(asked[0]).toMatchObject({
      url: "http://one.test/v1/chats/C1/files",
      method: "GET",
      headers: { authorization: "Bearer K1" },
    });
    expect(chat.takesFiles).toBe(false);
    server.happens({ type: "joined", by: 3 });
    expect(chat.takesFiles).toBe(true);
  });

  test("that are switched off are none", async () => {
    const { chat } = await started(() => httpAnswer(200, { limits: { ...LIMITS, files_max: 0 } }));
    expect(chat.files.limits).toBe(null);
  });

  test("are sent with an id of their own, which stays the same at the next node", async () => {
    const { chat, asked } = await started(({ url, method }) =>
      method === "POST" ? httpAnswer(url.includes("one.test") ? 503 : 201, {}) : httpAnswer(200, { limits: LIMITS }),
    );
    const upload = chat.files.upload(file(), "my order");
    await pass(2000);
    expect(await upload).toEqual({ held: false });
    expect(uploads(asked).map(({ url }) => url)).toEqual([
      "http://one.test/v1/chats/C1/files",
      "http://two.test/v1/chats/C1/files",
    ]);
    const forms = uploads(asked).map(({ body }) => body as FormData);
    expect(forms[0]?.get("client_id")).toMatch(/^[0-9a-f]{32}$/);
    expect(forms[1]?.get("client_id")).toBe(forms[0]?.get("client_id"));
    expect([(forms[0]?.get("file") as unknown as File).name, forms[0]?.get("description")]).toEqual([
      "a.png",
      "my order",
    ]);
  });

  test("may be given as a name and their content", async () => {
    const { chat, asked } = await started();
    const upload = chat.files.upload({ name: "b.txt", size: 2, content: new Blob(["hi"]) });
    await pass(100);
    await upload;
    expect(((uploads(asked)[0]?.body as FormData).get("file") as unknown as File).name).toBe("b.txt");
  });

  test("that are looked through first are held", async () => {
    const { chat } = await started(({ method }) => httpAnswer(method === "POST" ? 202 : 200, { limits: LIMITS }));
    const upload = chat.files.upload(file());
    await pass(100);
    expect(await upload).toEqual({ held: true });
  });

  test("of another kind, or too large, are not sent at all", async () => {
    const { chat, asked } = await started();
    await expect(chat.files.upload(file("a.exe"))).rejects.toMatchObject({ code: "file_type" });
    await expect(chat.files.upload(file("a.png", 101))).rejects.toMatchObject({ code: "too_large" });
    expect(uploads(asked)).toHaveLength(0);
  });

  test("are refused with the problem's code, and waited for where a repeat may help", async () => {
    let tries = 0;
    const { chat } = await started(({ method }) => {
      if (method !== "POST") return httpAnswer(200, { limits: LIMITS });
      tries += 1;
      if (tries === 1) return httpAnswer(429, { code: "limited", detail: "later", retry_ms: 5000 });
      return httpAnswer(422, { code: "infected", detail: "something was found in it" });
    });
    const refused = expect(chat.files.upload(file())).rejects.toMatchObject({
      code: "infected",
      message: "something was found in it",
    });
    await pass(4000);
    expect(tries).toBe(1);
    await pass(2000);
    await refused;
  });

  test("are fetched and taken back by their id", async () => {
    const { chat, asked } = await started(({ method, url }) =>
      url.endsWith("/f1") ? httpAnswer(method === "DELETE" ? 204 : 200, "bytes") : httpAnswer(200, { limits: LIMITS }),
    );
    const bytes = await chat.files.download("f1");
    expect(new TextDecoder().decode(bytes)).toBe("bytes");
    await chat.files.remove("f1");
    expect(asked.at(-1)).toMatchObject({ method: "DELETE", url: "http://one.test/v1/chats/C1/files/f1" });
  });

  test("say so when no node answers", async () => {
    const { server, chat } = await started();
    server.down.add(NODES[0]!).add(NODES[1]!);
    const lost = expect(chat.files.download("f1")).rejects.toMatchObject({ name: "Lost" });
    await pass(20_000);
    await lost;
  });
});
