// A cluster that says what a test wants, behind sockets and HTTP requests of its own: in memory, in fake time.

import type { FetchLike, HttpAnswer, SocketConstructor, SocketEvent, SocketLike } from "../../src/index.js";

/** A frame of either side. */
export type Frame = Record<string, unknown>;
/** What a test has answered: fields of a success, `error` for a refusal; null: nothing; undefined: as the server would. */
export type Answer = Frame | null | undefined;

const BEAT_MS = 2000;

/** One connection of a client: a socket, or one request of a poll. */
export class Connection {
  /** Every command that it carried. */
  readonly commands: Frame[] = [];
  /** Whether it says that it is there. */
  beats = true;

  readonly node: string;
  readonly way: "websocket" | "polling";
  readonly close: (code?: number) => void;
  readonly #out: (frame: Frame) => void;

  constructor(
    node: string,
    way: "websocket" | "polling",
    out: (frame: Frame) => void,
    close: (code?: number) => void = () => undefined,
  ) {
    this.node = node;
    this.way = way;
    this.#out = out;
    this.close = close;
  }

  send(frame: Frame): void {
    this.#out(frame);
  }
}

/** The server's side: nodes that are up or not, and what they answer. */
export abstract class FakeServer {
  /** Oldest first. */
  readonly connections: Connection[] = [];
  /** Every try to connect: the way and the node. */
  readonly tries: string[] = [];
  /** Nodes that nobody answers at. */
  readonly down = new Set<string>();
  /** Sockets never open. */
  socketsBlocked = false;
  /** Requests are refused with this. */
  pollsRefused: { status: number; retryAfter?: string } | null = null;
  /** What each hello lists. */
  nodes: string[] = [];
  /** What is answered instead. */
  instead: (command: Frame, connection: Connection) => Answer = () => undefined;
  /** The largest frame that is taken. */
  bytesMax = 65_536;
  /** How many requests wait. */
  hanging = 0;

  /** What the server answers. */
  abstract answer(command: Frame, connection: Connection): Frame | null;

  /** A command was carried out and answered. */
  abstract answered(command: Frame, connection: Connection): void;

  /** It is over with a connection. */
  closed(connection: Connection): void {
    connection.beats = false;
  }

  /** The connection that was made last. */
  get last(): Connection {
    const last = this.connections.at(-1);
    if (!last) throw new Error("nobody has connected");
    return last;
  }

  /** All commands of that name, over all connections. */
  commands(what: string): Frame[] {
    return this.connections.flatMap(({ commands }) => commands.filter((command) => command["do"] === what));
  }

  /** Takes a command and answers it. */
  take(command: Frame, connection: Connection): void {
    connection.commands.push(command);
    const instead = this.instead(command, connection);
    const fields = instead === undefined ? this.answer(command, connection) : instead;
    if (!fields) return;
    connection.send({ answer: command["id"], ok: !("error" in fields), ...fields });
    if (!("error" in fields)) this.answered(command, connection);
  }

  hello(connection: Connection): void {
    connection.send({ event: "hello", version: 1, node: 1, nodes: this.nodes });
  }

  /** The constructor of its sockets. */
  get WebSocket(): SocketConstructor {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- a class of its own is made for each server
    const server = this;
    return class extends FakeSocket {
      constructor(url: string) {
        super(server, url);
      }
    };
  }

  /** Its end of HTTP. */
  readonly fetch: FetchLike = async (url, request) => {
    const { origin, pathname } = new URL(url);
    const node = origin;
    await Promise.resolve();
    const polls = pathname.endsWith("/poll");
    if (polls) this.tries.push(`polling ${node}`);
    if (this.down.has(node)) throw new TypeError("connection refused");
    if (!polls) return this.http(url, request);
    if (this.pollsRefused) {
      const { status, retryAfter } = this.pollsRefused;
      return httpAnswer(status, {}, retryAfter === undefined ? {} : { "retry-after": retryAfter });
    }
    const frames = await this.#poll(node, String(request.body), request.signal as AbortSignal);
    return httpAnswer(200, { frames });
  };

  /** Answers a request that is no poll: here files are switched off. */
  http: FetchLike = () => Promise.resolve(httpAnswer(200, { limits: null, files: [] }));

  async #poll(node: string, body: string, signal: AbortSignal): Promise<Frame[]> {
    const { frames, wait_ms } = JSON.parse(body) as { frames: Frame[]; wait_ms: number };
    const out: Frame[] = [];
    let wake: () => void = () => undefined;
    const woken = new Promise<void>((done) => {
      wake = done;
    });
    const isNews = (frame: Frame) => frame["event"] !== "hello" && !("answer" in frame) && !this.isOld(frame);
    const connection = new Connection(node, "polling", (frame) => {
      out.push(frame);
      if (isNews(frame)) wake();
    });
    this.connections.push(connection);
    this.hello(connection);
    for (const frame of frames) this.take(frame, connection);
    if (!out.some(isNews) && wait_ms > 0) {
      this.hanging += 1;
      const timer = setTimeout(wake, wait_ms);
      signal.addEventListener("abort", wake);
      await woken;
      clearTimeout(timer);
      this.hanging -= 1;
    }
    this.closed(connection);
    if (signal.aborted) throw new Error("aborted");
    return out;
  }

  /** Whether a frame is no reason to answer a poll: what each begins with. */
  isOld(frame: Frame): boolean {
    const empty = (list: unknown) => (list as unknown[]).length === 0;
    return frame["event"] === "chat" && empty(frame["events"]) && empty(frame["typing"]) && frame["ended"] !== true;
  }
}

class FakeSocket implements SocketLike {
  readonly #listeners = new Map<string, ((event: SocketEvent) => void)[]>();
  readonly #server: FakeServer;
  #connection: Connection | null = null;
  #beat: ReturnType<typeof setInterval> | undefined;
  #closed = false;

  constructor(server: FakeServer, url: string) {
    const node = new URL(url).origin.replace(/^ws/, "http");
    this.#server = server;
    server.tries.push(`websocket ${node}`);
    setTimeout(() => {
      if (this.#closed) return;
      if (server.socketsBlocked || server.down.has(node)) this.#end(1006);
      else this.#open(node);
    }, 1);
  }

  #open(node: string): void {
    const connection = new Connection(
      node,
      "websocket",
      (frame) => {
        if (!this.#closed) this.#emit({ type: "message", data: JSON.stringify(frame) });
      },
      (code = 1011) => {
        this.#end(code);
      },
    );
    this.#connection = connection;
    this.#server.connections.push(connection);
    this.#beat = setInterval(() => {
      if (connection.beats) connection.send({ event: "beat" });
    }, BEAT_MS);
    this.#server.hello(connection);
  }

  addEventListener(type: string, listener: (event: SocketEvent) => void): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  send(data: string): void {
    if (new TextEncoder().encode(data).length > this.#server.bytesMax) {
      setTimeout(() => {
        this.#end(1009);
      }, 1);
      return;
    }
    setTimeout(() => {
      if (!this.#closed && this.#connection) this.#server.take(JSON.parse(data) as Frame, this.#connection);
    }, 1);
  }

  close(): void {
    this.#end(1000);
  }

  #end(code: number): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#beat);
    if (this.#connection) this.#server.closed(this.#connection);
    setTimeout(() => {
      this.#emit({ type: "close", code });
    }, 1);
  }

  #emit(event: SocketEvent): void {
    for (const listener of this.#listeners.get(event.type) ?? []) listener(event);
  }
}

/** An answer over HTTP. */
export function httpAnswer(status: number, body: unknown, headers: Record<string, string> = {}): HttpAnswer {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return {
    ok: status >= 200 && status < 300,
    status,
    headers: { get: (name) => headers[name.toLowerCase()] ?? null },
    text: () => Promise.resolve(text),
    arrayBuffer: () => Promise.resolve(new TextEncoder().encode(text).buffer as ArrayBuffer),
  };
}
