// Files of a chat, over HTTP beside its connection.

import { File } from "node:buffer";
import { afterEach, describe, expect, test, vi } from "vitest";
import { CustomerChat, type FetchLike, type HttpAnswer, type HttpRequest } from "../src/index.js";
import { ChatServer } from "./support/chat-server.js";
import { httpAnswer } from "./support/server.js";
import { fakeTime, pass } from "./support/time.js";

fakeTime();

const open: CustomerChat[] = [];
afterEach(() => {
  vi.unstubAllGlobals();
  for (const chat of open.splice(0)) chat.close();
});

const LIMITS = { files_max: 3, file_bytes_max: 100, need_agent: true, types: ["png", "txt"] };
const NODES = ["http://one.test", "http://two.test"];

interface Asked extends HttpRequest {
  url: string;
}

const LISTED = () => httpAnswer(200, { limits: LIMITS, files: [] });

/** A chat whose files are answered by `answer`, or by the engine. */
async function started(answer: ((asked: Asked) => HttpAnswer) | null = LISTED) {
  const server = new ChatServer();
  const asked: Asked[] = [];
  server.http = ((url, request) => {
    asked.push({ url, ...request });
    return Promise.resolve((answer ?? LISTED)({ url, ...request }));
  }) satisfies FetchLike;
  const { WebSocket, fetch } = server;
  const chat = new CustomerChat({ nodes: NODES, WebSocket, ...(answer && { fetch }) });
  open.push(chat);
  chat.start({ nickname: "Zoë" });
  await pass(100);
  return { server, chat, asked };
}

/** Requests of the engine that tell how far they are: each ends as `ends` says, in turn. */
function withRequests(ends: readonly (number | "lost" | "waits")[]) {
  const sent: { url: string; headers: Record<string, string>; body: unknown }[] = [];
  class Sent {
    status = 0;
    responseText = "{}";
    upload: { onprogress?: (event: { loaded: number; total: number }) => void } = {};
    onload?: () => void;
    onerror?: () => void;
    onabort?: () => void;
    onloadend?: () => void;
    readonly #one = { url: "", headers: {} as Record<string, string>, body: null as unknown };

    open(_method: string, url: string): void {
      this.#one.url = url;
    }
    setRequestHeader(name: string, value: string): void {
      this.#one.headers[name] = value;
    }
    getResponseHeader(): null {
      return null;
    }
    send(body: unknown): void {
      this.#one.body = body;
      const end = ends[sent.push(this.#one) - 1];
      this.upload.onprogress?.({ loaded: 1, total: 2 });
      if (typeof end === "number") this.status = end;
      if (end !== "waits") setTimeout(() => (end === "lost" ? this.onerror?.() : this.onload?.()), 10);
    }
    abort(): void {
      this.onabort?.();
    }
  }
  vi.stubGlobal("XMLHttpRequest", Sent);
  vi.stubGlobal("fetch", () => Promise.resolve(LISTED()));
  return sent;
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
    const upload = chat.files.upload(file(), { description: "my order" });
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

  test("tell how far they are where the engine does, and which node has them", async () => {
    const sent = withRequests(["lost", 503, 201]);
    const { chat } = await started(null);
    const parts: number[] = [];
    const upload = chat.files.upload(file(), { progress: (part) => parts.push(part) });
    await pass(5000);
    expect(await upload).toEqual({ held: false });
    expect(parts).toEqual([0.5, 0.5, 0.5]);
    expect(sent.map(({ url }) => new URL(url).host)).toEqual(["one.test", "two.test", "one.test"]);
    expect(sent[0]?.headers).toEqual({ authorization: "Bearer K1" });
    const ids = sent.map(({ body }) => (body as FormData).get("client_id"));
    expect(new Set(ids).size).toBe(1);
  });

  test("are stopped by their signal, and no other node is asked then", async () => {
    const sent = withRequests(["waits"]);
    const { chat } = await started(null);
    const cancel = new AbortController();
    const upload = chat.files.upload(file(), { progress: () => undefined, signal: cancel.signal });
    const refused = expect(upload).rejects.toMatchObject({ code: "cancelled" });
    await pass(100);
    cancel.abort();
    await pass(5000);
    await refused;
    expect(sent).toHaveLength(1);
    const never = chat.files.upload(file(), { signal: cancel.signal });
    await expect(never).rejects.toMatchObject({ code: "cancelled" });
    expect(sent).toHaveLength(1);
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
