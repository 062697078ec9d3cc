// A connection over HTTP, for where sockets are blocked. One request hangs until there is something new, and commands go in
// a second one. Each begins with the opening frame, as a socket that lives for one request, so any node answers any.

import { sleep, scope, steadyNow, type HttpAnswer, type Platform } from "./platform.js";
import { utf8Bytes } from "./text.js";
import type { Closing, Ends, Transport } from "./transport.js";

/** No answer within this time: the next node is tried. */
const HELLO_MS = 8000;
/** How long a request may hang. */
const WAIT_MS = 25_000;
/** How much longer its answer may take on its way. */
const LATE_MS = 10_000;
/** The server takes no more frames in one request; one is the opening. */
const FRAMES_MAX = 64;
/** What stands around the frames of a request, and by how much an opening may grow until the next. */
const AROUND_BYTES = 512;
/** A request that hung for less than this was quick; after so many in a row there is a pause, which doubles. */
const QUICK = { ms: 100, count: 4, pauseMs: 100, pauseMaxMs: 2000 };

/** The answer is nothing that a server of ours says. */
class BadAnswer extends Error {
  readonly closing: Closing;

  constructor(closing: Closing) {
    super("bad answer");
    this.closing = closing;
  }
}

/** Polls at `url`. */
export class Polling implements Transport {
  readonly silenceMs = { hello: HELLO_MS, open: WAIT_MS + LATE_MS };
  readonly #platform: Platform;
  readonly #url: string;
  readonly #ends: Ends;
  readonly #bytesMax: number;
  readonly #aborts = new Set<() => void>();
  #queue: string[] = [];
  #openingBytes = 0;
  #sending = false;
  #over = false;

  constructor(platform: Platform, url: string, bytesMax: number, ends: Ends) {
    this.#platform = platform;
    this.#url = url;
    this.#bytesMax = bytesMax;
    this.#ends = ends;
    void this.#guarded(() => this.#listen());
  }

  room(bytesMax: number): number {
    return bytesMax - this.#openingBytes - AROUND_BYTES;
  }

  send(json: string): void {
    this.#queue.push(json);
    if (this.#sending) return;
    this.#sending = true;
    void this.#guarded(() => this.#flush());
  }

  close(): void {
    this.#over = true;
    for (const abort of this.#aborts) abort();
  }

  /** Ends the connection where a request fails. */
  async #guarded(work: () => Promise<void>): Promise<void> {
    // Not before whoever makes it knows it.
    await Promise.resolve();
    try {
      await work();
    } catch (error) {
      if (this.#over) return;
      this.close();
      this.#ends.closed(error instanceof BadAnswer ? error.closing : {});
    }
  }

  /** Hangs again and again. */
  async #listen(): Promise<void> {
    // The first does not hang: it shows that this way works.
    await this.#request([], 0);
    let quick = 0;
    while (!this.#over) {
      const begun = steadyNow();
      await this.#request([], WAIT_MS);
      quick = steadyNow() - begun < QUICK.ms ? quick + 1 : 0;
      if (quick >= QUICK.count) await sleep(Math.min(QUICK.pauseMaxMs, QUICK.pauseMs * 2 ** (quick - QUICK.count)));
    }
  }

  /** Sends what waits, as much at a time as a request takes. */
  async #flush(): Promise<void> {
    while (!this.#over && this.#queue.length > 0) await this.#request(this.#batch(), 0);
    this.#sending = false;
  }

  #batch(): string[] {
    let room = this.room(this.#bytesMax);
    const fits = (json: string) => {
      room -= utf8Bytes(json) + 1;
      return room >= 0;
    };
    const rest = this.#queue.slice(0, FRAMES_MAX - 1).findIndex((json) => !fits(json));
    // One goes in any case: who sends it has seen that there is room.
    const count = rest < 0 ? FRAMES_MAX - 1 : Math.max(1, rest);
    return this.#queue.splice(0, count);
  }

  async #request(frames: string[], waitMs: number): Promise<void> {
    const opening = this.#ends.opening();
    if (opening === null || this.#over) return;
    this.#openingBytes = utf8Bytes(opening);
    const body = `{"frames":[${[opening, ...frames].join(",")}],"wait_ms":${waitMs}}`;
    const heard = await this.#post(body);
    if (this.#isOver()) return;
    this.#ends.alive();
    for (const frame of heard) if (!this.#isOver()) this.#ends.heard(frame);
  }

  /** Whether it is over by now: what is told of one frame may end it. */
  #isOver(): boolean {
    return this.#over;
  }

  async #post(body: string): Promise<object[]> {
    const abort = scope.AbortController ? new scope.AbortController() : undefined;
    const aborts = () => abort?.abort();
    this.#aborts.add(aborts);
    try {
      const answer = await this.#platform.fetch(this.#url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
        cache: "no-store",
        ...(abort ? { signal: abort.signal } : {}),
      });
      if (answer.status !== 200) throw new BadAnswer(closingOf(answer));
      return framesOf(await answer.text());
    } finally {
      this.#aborts.delete(aborts);
    }
  }
}

/** What a refused request means for the connection. */
function closingOf(answer: HttpAnswer): Closing {
  const seconds = Number(answer.headers.get("retry-after") ?? 0);
  const retryMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0;
  return { tooLarge: answer.status === 413, patience: answer.status === 429 || answer.status === 503, retryMs };
}

function framesOf(text: string): object[] {
  try {
    const frames = (JSON.parse(text) as { frames?: unknown } | null)?.frames;
    if (Array.isArray(frames)) {
      return frames.filter((frame): frame is object => frame !== null && typeof frame === "object");
    }
  } catch {
    // A proxy's own page.
  }
  throw new BadAnswer({});
}
