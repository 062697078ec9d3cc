// A request that sends a file: how far it is, and its stopping. `fetch` tells neither of what is sent, `XMLHttpRequest`
// does, and browsers and React Native have it.

import type { HttpReply, HttpRequest, Platform } from "./platform.js";
import { scope } from "./platform.js";

/** The engine's `AbortSignal`, as far as it is used. */
export interface SignalLike {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** What is told of a file that is being sent, and what stops it. */
export interface Watching {
  /** How much of it is sent, from 0 to 1. */
  readonly progress?: (part: number) => void;
  readonly signal?: SignalLike;
}

/** What is used of the engine's `XMLHttpRequest`. */
export interface XhrLike {
  readonly status: number;
  readonly responseText: string;
  readonly upload: { onprogress: unknown };
  onload: unknown;
  onerror: unknown;
  onabort: unknown;
  onloadend: unknown;
  open(method: string, url: string): void;
  setRequestHeader(name: string, value: string): void;
  getResponseHeader(name: string): string | null;
  send(body: unknown): void;
  abort(): void;
}

/**
 * Sends it. Rejects where no answer comes, and where it was stopped.
 * @param platform its own `fetch`, where it was given one, is what requests have to go through
 */
export function send(
  platform: Platform,
  url: string,
  request: HttpRequest,
  { progress, signal }: Watching,
): Promise<HttpReply> {
  const { XMLHttpRequest } = scope;
  if (!progress || !XMLHttpRequest || platform.hasOwnFetch) {
    return platform.fetch(url, signal ? { ...request, signal } : request);
  }
  return new Promise((resolve, reject) => {
    const sent = new XMLHttpRequest();
    const stop = () => sent.abort();
    const lost = () => reject(new TypeError("The request did not come through."));
    sent.open(request.method, url);
    for (const [name, value] of Object.entries(request.headers)) sent.setRequestHeader(name, value);
    sent.upload.onprogress = (event: { loaded: number; total: number }) =>
      progress(event.total > 0 ? event.loaded / event.total : 0);
    sent.onload = () =>
      resolve({
        ok: sent.status >= 200 && sent.status < 300,
        status: sent.status,
        headers: { get: (name) => sent.getResponseHeader(name) },
        text: () => Promise.resolve(sent.responseText),
      });
    sent.onerror = lost;
    sent.onabort = lost;
    sent.onloadend = () => signal?.removeEventListener("abort", stop);
    signal?.addEventListener("abort", stop);
    sent.send(request.body);
  });
}
