// What the SDK needs of the engine that it runs in, and no more: browsers, Node and React Native all have it, or are
// given it by an option. Nothing here is of a page.

import type { XhrLike } from "./sending.js";

/** What a socket tells. Browsers' and the `ws` package's events fit. */
export interface SocketEvent {
  readonly type: string;
  readonly data?: unknown;
  readonly code?: number;
}

/** A WebSocket, as far as it is used. */
export interface SocketLike {
  send(data: string): void;
  close(): void;
  addEventListener(type: string, listener: (event: SocketEvent) => void): void;
}

/** Opens a WebSocket: the browser's `WebSocket`, or that of the `ws` package. */
export type SocketConstructor = new (url: string) => SocketLike;

/** What of an HTTP answer is used that says whether something was done. */
export interface HttpReply {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  text(): Promise<string>;
}

/** What of an HTTP answer is used. */
export interface HttpAnswer extends HttpReply {
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** What of a request is given to `fetch`. */
export interface HttpRequest {
  method: string;
  headers: Record<string, string>;
  body?: unknown;
  cache?: "no-store";
  signal?: unknown;
}

/** The engine's `fetch`, as far as it is used. */
export type FetchLike = (url: string, request: HttpRequest) => Promise<HttpAnswer>;

/** Fills an array with random bytes that nobody can guess, as `crypto.getRandomValues` does. */
export type FillRandom = (bytes: Uint8Array<ArrayBuffer>) => unknown;

/** What is used where the engine has none of its own, or another one is wanted. */
export interface PlatformOptions {
  /** Needed in Node before version 22: that of the `ws` package. */
  WebSocket?: SocketConstructor;
  /** For the polling and for files. */
  fetch?: FetchLike;
  /** Needed in Node 18: that of `webcrypto` in `node:crypto`; and in React Native: that of `expo-crypto`, unless the package `react-native-get-random-values` was imported. */
  getRandomValues?: FillRandom;
}

interface AbortControllerLike {
  readonly signal: unknown;
  abort(): void;
}

/** A multipart form. */
export interface FormLike {
  append(name: string, value: unknown, fileName?: string): void;
}

interface Segments {
  segment(text: string): Iterable<{ index: number; segment: string }>;
}

/** What may be there in an engine. */
interface Scope {
  setTimeout(then: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
  setInterval(then: () => void, ms: number): unknown;
  clearInterval(timer: unknown): void;
  performance?: { now(): number };
  WebSocket?: SocketConstructor;
  fetch?: FetchLike;
  crypto?: { getRandomValues?(bytes: Uint8Array<ArrayBuffer>): unknown };
  AbortController?: new () => AbortControllerLike;
  FormData?: new () => FormLike;
  XMLHttpRequest?: new () => XhrLike;
  Intl?: { Segmenter?: new (locale: undefined, options: { granularity: "grapheme" }) => Segments };
}

/** The engine's own things, looked up when they are used. */
export const scope = globalThis as unknown as Scope;

/** What a client runs on: its options, and the engine's own for all else. */
export class Platform {
  readonly #options: PlatformOptions;

  constructor(options: PlatformOptions) {
    this.#options = options;
  }

  /** The constructor of sockets; none where neither the engine nor the options have one. */
  get WebSocket(): SocketConstructor | undefined {
    return this.#options.WebSocket ?? scope.WebSocket;
  }

  /** Sends a request over HTTP. */
  fetch(url: string, request: HttpRequest): Promise<HttpAnswer> {
    const given = this.#options.fetch;
    if (given) return given(url, request);
    if (!scope.fetch) throw missing("fetch");
    return scope.fetch(url, request);
  }

  /** Whether requests over HTTP can be sent at all. */
  get canFetch(): boolean {
    return (this.#options.fetch ?? scope.fetch) !== undefined;
  }

  /** Whether requests go by what was given as an option. */
  get hasOwnFetch(): boolean {
    return this.#options.fetch !== undefined;
  }

  /** An id that nobody can guess and that is never used twice: 32 hex digits. */
  newId(): string {
    const bytes = new Uint8Array(16);
    const given = this.#options.getRandomValues;
    if (given) given(bytes);
    else if (scope.crypto?.getRandomValues) scope.crypto.getRandomValues(bytes);
    else {
      throw missing("getRandomValues");
    }
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
}

/** What is thrown where neither the engine has something nor the options; their descriptions say what to give. */
export function missing(what: keyof PlatformOptions): Error {
  return new Error(`There is no ${what} here: give one as the option \`${what}\`.`);
}

/** Milliseconds by a clock that nobody sets, since some moment. It may stand still while the machine sleeps. */
export function steadyNow(): number {
  return scope.performance?.now() ?? Date.now();
}

/** Waits so many milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((done) => {
    scope.setTimeout(done, ms);
  });
}
