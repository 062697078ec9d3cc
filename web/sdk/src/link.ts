// One logical connection to the cluster over whichever socket is up: it reconnects by itself, to another node if it must,
// and repeats what was not answered. Both clients use it; what is said over it is in docs/asyncapi.

import { Asked, type Question } from "./asked.js";
import { Lost, Refused } from "./errors.js";
import type { Nodes } from "./nodes.js";
import { sleep, scope, type Platform } from "./platform.js";
import { Polling } from "./polling.js";
import type { Command, Do, Fields, Talk } from "./protocol.js";
import { Silence } from "./silence.js";
import { utf8Bytes, wholeTexts } from "./text.js";
import type { Closing, Transport } from "./transport.js";
import { webSocket } from "./websocket.js";
import { Ways, type WayOption } from "./ways.js";

/** The server answers each command long before. */
const ANSWER_MS = 15_000;
const BACKOFF_MIN_MS = 250;
const BACKOFF_MAX_MS = 8000;
/** So many failures are counted where the server asks for patience. */
const PATIENT_FAILURES = 3;
const RETRY_MS = 600;
/** How often a socket is tried while the polling works. */
const PROBE_MS = 120_000;
/** The polling begins, and perhaps the sockets failed for another reason than that they are blocked. */
const FIRST_PROBE_MS = 1000;
/** However small the way is that a frame was too large for: less than this was not why. */
const ROOM_MIN_BYTES = 1024;

/**
 * How the connection is: `connecting` until it is open for the first time, `reconnecting` after it was lost, `closed` before
 * it is wanted and when it is no longer.
 */
export type LinkState = "connecting" | "open" | "reconnecting" | "closed";

/** What a client gives its connection, and is told by it. */
export interface LinkOptions<T extends Talk> {
  /** The socket's path. */
  path: string;
  nodes: Nodes;
  platform: Platform;
  /** The largest frame that the server takes, in bytes. */
  frameBytesMax: number;
  /** Which ways there may be. */
  way: WayOption;
  /** Begins with the polling: it is what worked last. */
  polls: boolean;
  /** What comes first on each new connection: sign in, start, resume. It may be made several times. */
  opening(): Command<T>;
  /** The opening was answered. */
  opened(answer: T["answers"][Do<T>]): void;
  /** The opening was refused for good. Whoever does not close the link then has it try again. */
  refused(error: Refused): void;
  /** A frame that is neither an answer nor about the connection. */
  heard(frame: T["event"]): void;
  /** The connection is in another state. */
  changed(state: LinkState): void;
  /** What it knows of nodes and ways is to be kept. */
  learned(): void;
}

interface Incoming {
  answer?: unknown;
  event?: unknown;
  ok?: unknown;
  error?: unknown;
  nodes?: unknown;
}

export class Link<T extends Talk> {
  readonly #options: LinkOptions<T>;
  readonly #ways: Ways;
  #transport: Transport | null = null;
  #asked = new Asked();
  /** Those who wait until it is open, or closed for good. */
  #waiting: (() => void)[] = [];
  #state: LinkState = "closed";
  #bytesMax: number;
  #failures = 0;
  /** How often it was closed: what was asked before is not repeated after. */
  #closings = 0;
  #silence: Silence | null = null;
  #greeted = false;
  #retryTimer: unknown = null;
  /** A socket that is tried while the polling works. */
  #probe: { transport: Transport; silence: Silence } | null = null;
  #probeTimer: unknown = null;

  constructor(options: LinkOptions<T>) {
    this.#options = options;
    this.#bytesMax = options.frameBytesMax;
    this.#ways = new Ways(options.platform, options.way, options.polls);
  }

  get state(): LinkState {
    return this.#state;
  }

  /** How it talks to the node now, or tries to. */
  get way(): "websocket" | "polling" {
    return this.#ways.current;
  }

  /** Whether the polling is what works. */
  get polls(): boolean {
    return this.#ways.polls;
  }

  get nodes(): Nodes {
    return this.#options.nodes;
  }

  get platform(): Platform {
    return this.#options.platform;
  }

  /** Begins to connect, and keeps connected until `close`. */
  open(): void {
    if (this.#state !== "closed") return;
    this.#failures = 0;
    this.#connect();
    // Whoever is told may close it.
    this.#become("connecting");
  }

  close(): void {
    if (this.#state === "closed") return;
    this.#closings += 1;
    this.#become("closed");
    scope.clearTimeout(this.#retryTimer);
    this.#retryTimer = null;
    this.#letGo({});
    this.#wakeWaiting();
  }

  /** Whoever came back online, or to the page, does not wait for a timer. */
  wake(): void {
    this.#ways.forget();
    this.#silence?.look();
    this.#probe?.silence.look();
    if (this.#retryTimer === null) return;
    scope.clearTimeout(this.#retryTimer);
    this.#connect();
  }

  /**
   * Sends a command over the connection that is up now. Rejects with `Refused`, or `Lost` where the answer is unknown.
   */
  ask<D extends Do<T>>(what: D, fields: Fields<T, D>, id = this.platform.newId()): Promise<T["answers"][D]> {
    const transport = this.#transport;
    if (!transport || this.#state !== "open") return Promise.reject(new Lost("There is no connection."));
    const json = toJson({ ...fields, id, do: what });
    const bytes = utf8Bytes(json);
    if (bytes > transport.room(this.#bytesMax)) return Promise.reject(tooLarge(this.#bytesMax));
    return new Promise((resolve, reject) => {
      const resolved = (answer: object) => {
        resolve(answer as T["answers"][D]);
      };
      this.#await(id, { bytes, resolve: resolved, reject });
      transport.send(json);
    });
  }

  /** Sends a command whose loss does no harm. */
  tell<D extends Do<T>>(what: D, fields: Fields<T, D>): void {
    this.ask(what, fields).catch(() => undefined);
  }

  /** Sends a command until its answer is definite, with the same id: only for what is harmless to repeat. */
  async insist<D extends Do<T>>(what: D, fields: Fields<T, D>, id = this.platform.newId()): Promise<T["answers"][D]> {
    const closings = this.#closings;
    for (;;) {
      await this.#whenOpen(closings);
      try {
        return await this.ask(what, fields, id);
      } catch (error) {
        if (error instanceof Refused && error.retry) {
          // Who is over a limit is told when they may come again.
          await sleep(error.retryMs + RETRY_MS * (0.5 + Math.random()));
        } else if (!(error instanceof Lost)) throw error;
      }
    }
  }

  #become(state: LinkState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.changed(state);
  }

  /** Resolves when it is open; rejects with `Lost` where it is closed before. */
  untilOpen(): Promise<void> {
    return this.#whenOpen(this.#closings);
  }

  async #whenOpen(closings: number): Promise<void> {
    for (;;) {
      if (this.#state === "closed" || this.#closings !== closings) throw new Lost("The connection is closed.");
      if (this.#state === "open") return;
      await new Promise<void>((wake) => this.#waiting.push(wake));
    }
  }

  #wakeWaiting(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #connect(): void {
    this.#retryTimer = null;
    this.#use(this.#make(this.#ways.next()));
  }

  #use(transport: Transport): void {
    this.#greeted = false;
    this.#transport = transport;
    this.#silence = new Silence(transport.silenceMs.hello, () => {
      this.#lost({});
    });
  }

  #make(way: "websocket" | "polling"): Transport {
    const { platform, nodes, path } = this.#options;
    const { WebSocket } = platform;
    const self: { transport: Transport | null } = { transport: null };
    const now = () => self.transport !== null && self.transport === this.#transport;
    const ends = {
      opening: () => (now() ? this.#opening() : null),
      alive: () => {
        if (now()) this.#alive();
      },
      heard: (frame: object) => {
        if (self.transport !== null && self.transport === this.#probe?.transport) this.#change(self.transport);
        if (now()) this.#hear(frame);
      },
      closed: (closing: Closing) => {
        if (now()) this.#lost(closing);
        else if (self.transport === this.#probe?.transport) this.#endProbe();
      },
    };
    const url = nodes.current + path;
    if (way === "websocket" && WebSocket) self.transport = webSocket(WebSocket, url, ends);
    else self.transport = new Polling(platform, `${url}/poll`, this.#bytesMax, ends);
    return self.transport;
  }

  /** A sign of life counts once the node has said hello. */
  #alive(): void {
    if (this.#greeted && this.#transport) this.#silence?.heard(this.#transport.silenceMs.open);
  }

  #hear(frame: Incoming): void {
    if (typeof frame.answer === "string") this.#asked.answered(frame.answer, frame);
    else if (frame.event === "hello") this.#hello(frame);
    else if (frame.event === "moved") this.#moved(frame);
    else if (typeof frame.event === "string" && frame.event !== "beat") this.#options.heard(frame as T["event"]);
  }

  #hello(frame: Incoming): void {
    this.#greeted = true;
    this.#alive();
    this.#ways.worked();
    this.#options.nodes.greeted(listOf(frame.nodes));
    this.#options.learned();
  }

  /** The node drains, and says who serves. */
  #moved(frame: Incoming): void {
    const nodes = listOf(frame.nodes);
    if (nodes.length > 0) this.#options.nodes.learn(nodes);
    this.#lost({});
  }

  #opening(): string | null {
    const id = this.platform.newId();
    const json = toJson({ ...this.#options.opening(), id });
    const bytes = utf8Bytes(json);
    const reject = (error: Error) => {
      this.#openingFailed(error);
    };
    if (bytes > this.#bytesMax) {
      reject(tooLarge(this.#bytesMax));
      return null;
    }
    const resolve = (answer: object) => {
      this.#opened(answer as T["answers"][Do<T>]);
    };
    // That of a request which hangs is answered with all else.
    this.#await(id, { bytes, resolve, reject }, Math.max(ANSWER_MS, this.#transport?.silenceMs.open ?? 0));
    return json;
  }

  #opened(answer: T["answers"][Do<T>]): void {
    this.#options.opened(answer);
    // What is told of it may have closed it.
    if (!this.#transport) return;
    this.#failures = 0;
    if (this.#state === "open") return;
    this.#become("open");
    this.#wakeWaiting();
    if (this.#ways.current === "polling") this.#planProbe(FIRST_PROBE_MS);
  }

  #openingFailed(error: Error): void {
    if (!(error instanceof Refused)) return;
    const closings = this.#closings;
    if (!error.retry || error.code === "slow_down") this.#options.refused(error);
    // Whoever was told may have closed it, and opened it anew.
    if (this.#transport && this.#closings === closings) this.#lost({ retryMs: error.retryMs });
  }

  #await(id: string, waits: Pick<Question, "bytes" | "resolve" | "reject">, ms = ANSWER_MS): void {
    const timer = scope.setTimeout(() => {
      this.#lost({});
    }, ms);
    this.#asked.add(id, { ...waits, timer });
  }

  /**
   * Turns to the next node, after a random part of a time that doubles ("full jitter"): the thousands who lost the same
   * node must not come back all at once.
   */
  #lost(closing: Closing): void {
    if (!this.#greeted) this.#ways.failed();
    const closings = this.#closings;
    this.#letGo(closing);
    // Whoever was told that something is lost may have closed it, and opened it anew.
    if (this.#closings !== closings) return;
    this.#options.nodes.turn();
    if (closing.patience) this.#failures = Math.max(this.#failures, PATIENT_FAILURES);
    const most = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** this.#failures);
    this.#failures += 1;
    this.#retryTimer = scope.setTimeout(
      () => {
        this.#connect();
      },
      (closing.retryMs ?? 0) + Math.random() * most,
    );
    if (this.#state === "open") this.#become("reconnecting");
  }

  #letGo(closing: Closing): void {
    this.#endProbe();
    scope.clearTimeout(this.#probeTimer);
    this.#silence?.end();
    this.#silence = null;
    const transport = this.#transport;
    this.#transport = null;
    transport?.close();
    const asked = this.#asked;
    this.#asked = new Asked();
    const largest = closing.tooLarge ? asked.takeLargest() : undefined;
    if (largest) {
      this.#bytesMax = Math.max(ROOM_MIN_BYTES, Math.min(this.#bytesMax, largest.bytes - 1));
      largest.reject(tooLarge(this.#bytesMax));
    }
    asked.lost();
  }

  #planProbe(afterMs: number): void {
    if (!this.#ways.canProbe) return;
    scope.clearTimeout(this.#probeTimer);
    this.#probeTimer = scope.setTimeout(() => {
      this.#endProbe();
      const transport = this.#make("websocket");
      const silence = new Silence(transport.silenceMs.hello, () => {
        this.#endProbe();
      });
      this.#probe = { transport, silence };
      this.#planProbe(PROBE_MS);
    }, afterMs);
  }

  #endProbe(): void {
    this.#probe?.silence.end();
    this.#probe?.transport.close();
    this.#probe = null;
  }

  /** The socket that was tried works: it takes over, and what the polling had not answered is asked again there. */
  #change(socket: Transport): void {
    this.#probe?.silence.end();
    this.#probe = null;
    this.#become("reconnecting");
    this.#letGo({});
    // Whoever was told may have closed it.
    if (this.#state === "closed") {
      socket.close();
      return;
    }
    this.#ways.changed("websocket");
    this.#use(socket);
  }
}

function toJson(frame: object): string {
  return JSON.stringify(frame, wholeTexts);
}

function tooLarge(bytesMax: number): Refused {
  const message = `This is more than the server takes at a time (${bytesMax} bytes with all that belongs to it).`;
  return new Refused({ code: "too_long", message });
}

function listOf(nodes: unknown): string[] {
  return Array.isArray(nodes) ? nodes.filter((node): node is string => typeof node === "string") : [];
}
