// Requests of the page: what `fetch` does, but of files that are sent it is known how far they are, and they can be stopped.

import type { FetchLike, HttpAnswer, HttpRequest } from "@handoff/sdk";
import { CANCELLED, type Progress } from "../model/uploads.js";

interface Watched {
  told: (part: number) => void;
  request: XMLHttpRequest | null;
  cancelled: boolean;
}

/** How files are sent. */
export class Transfers implements Progress {
  readonly #watched = new Map<Blob, Watched>();

  /** Calls `told` with the part of a file that is sent. */
  watch(file: File, told: (part: number) => void): { cancel(): void; end(): void } {
    const watched: Watched = { told, request: null, cancelled: false };
    this.#watched.set(file, watched);
    return {
      cancel: () => {
        watched.cancelled = true;
        watched.request?.abort();
      },
      end: () => void this.#watched.delete(file),
    };
  }

  /** As `fetch`; a file that is watched goes by a request whose progress is told. */
  readonly fetch: FetchLike = (url, request) => {
    const file = request.body instanceof FormData ? request.body.get("file") : null;
    const watched = file instanceof Blob ? this.#of(file) : undefined;
    if (watched) return send(url, request, watched);
    return globalThis.fetch(url, request as RequestInit);
  };

  /** A form may hold a copy of the file, with another identity. */
  #of(file: Blob): Watched | undefined {
    const same = (one: Blob) => one.size === file.size && (one as File).name === (file as File).name;
    return this.#watched.get(file) ?? [...this.#watched].find(([one]) => same(one))?.[1];
  }
}

function send(url: string, { method, headers, body }: HttpRequest, watched: Watched): Promise<HttpAnswer> {
  if (watched.cancelled) return Promise.resolve(cancelled());
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    watched.request = request;
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.responseType = "arraybuffer";
    request.upload.onprogress = ({ loaded, total }) => watched.told(total > 0 ? loaded / total : 0);
    request.onload = () => resolve(answered(request));
    request.onerror = () => reject(new TypeError("The request did not come through."));
    request.onabort = () => resolve(cancelled());
    request.send(body as FormData);
  });
}

function answered(request: XMLHttpRequest): HttpAnswer {
  const bytes = request.response as ArrayBuffer;
  return {
    ok: request.status >= 200 && request.status < 300,
    status: request.status,
    headers: { get: (name) => request.getResponseHeader(name) },
    text: () => Promise.resolve(new TextDecoder().decode(bytes)),
    arrayBuffer: () => Promise.resolve(bytes),
  };
}

/** An answer that says that nobody wants one: else another node would be asked. */
function cancelled(): HttpAnswer {
  return {
    ok: false,
    status: 499,
    headers: { get: () => null },
    text: () => Promise.resolve(JSON.stringify({ code: CANCELLED })),
    arrayBuffer: () => Promise.resolve(new ArrayBuffer(0)),
  };
}
