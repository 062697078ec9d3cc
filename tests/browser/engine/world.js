// What React Native has around Hermes, as far as the SDK uses it: timers, sockets and requests; and the one server that they
// reach. Time passes only where `pass` says so. No address, text encoder, random number or abort is here.

/** @type {Array<{at: number, then: () => void, every: number}>} */
const timers = [];
let now = 1_800_000_000_000;
// The shell runs what is given to it in order and knows no time.
const turn = globalThis.setTimeout;
Date.now = () => now;
Math.random = () => 0.5;

function plan(then, ms, every) {
  const timer = { at: now + ms, then, every };
  timers.push(timer);
  return timer;
}
function cancel(timer) {
  const at = timers.indexOf(timer);
  if (at >= 0) timers.splice(at, 1);
}
globalThis.setTimeout = (then, ms = 0) => plan(then, ms, 0);
globalThis.setInterval = (then, ms) => plan(then, ms, ms);
globalThis.clearTimeout = globalThis.clearInterval = cancel;

/** Lets time pass. */
export async function pass(ms) {
  const end = now + ms;
  for (;;) {
    await new Promise((done) => turn(done, 0));
    const next = timers.filter(({ at }) => at <= end).sort((one, other) => one.at - other.at)[0];
    if (!next) break;
    now = next.at;
    if (next.every) next.at += next.every;
    else cancel(next);
    next.then();
  }
  now = end;
}

/** One chat, at all nodes. */
export const server = {
  /** Nodes that nobody answers at. */
  down: [],
  socketsBlocked: false,
  /** The next message is taken, and its answer lost with the connection. */
  losesAnswer: false,
  /** Each message as often as it was taken. */
  texts: [],
  events: [{ index: 1, at: now, type: "joined", by: 1, text: null }],
  taken: {},
  open: [],

  take(frame, answer) {
    const { id, do: what, number, text } = frame;
    const next_command = this.texts.length + 1;
    if (what === "start") return answer({ answer: id, ok: true, chat: "C1", key: "K1", next_command });
    if (what === "resume") {
      answer({ answer: id, ok: true, next_command });
      return answer(this.shown(frame.position));
    }
    if (what !== "send") return answer({ answer: id, ok: true });
    if (!this.taken[number]) {
      const index = this.events.length + 1;
      this.taken[number] = { answer: id, ok: true, index, number };
      this.texts.push(text);
      this.events.push({ index, at: now, type: "message", by: 1, text });
    }
    if (this.losesAnswer) {
      this.losesAnswer = false;
      return this.cut();
    }
    answer({ ...this.taken[number], answer: id });
    return answer(this.shown(this.events.length));
  },

  shown(position) {
    const participants = [{ number: 1, role: "customer", nickname: "Zoë", user_id: "1", me: true }];
    const events = this.events.filter(({ index }) => index >= position);
    const next = this.events.length + 1;
    return { event: "chat", chat: "C1", next, ended: false, events, typing: [], participants };
  },

  cut() {
    for (const socket of [...this.open]) socket.end(1006);
  },

  isDown: (url) => server.down.some((node) => url.startsWith(node.replace("http", "ws")) || url.startsWith(node)),
};

const HELLO = { event: "hello", version: 1, node: 1, nodes: ["http://one.test", "http://two.test"] };

globalThis.WebSocket = class {
  listeners = {};
  over = false;

  constructor(url) {
    setTimeout(() => {
      if (this.over) return;
      if (server.socketsBlocked || server.isDown(url)) return this.end(1006);
      server.open.push(this);
      this.beat = setInterval(() => this.tell({ event: "beat" }), 2000);
      this.tell(HELLO);
    }, 1);
  }

  addEventListener(type, listener) {
    this.listeners[type] = [...(this.listeners[type] ?? []), listener];
  }

  send(text) {
    setTimeout(() => this.over || server.take(JSON.parse(text), (frame) => this.tell(frame)), 1);
  }

  close() {
    this.end(1000);
  }

  tell(frame) {
    if (!this.over) this.emit("message", { type: "message", data: JSON.stringify(frame) });
  }

  emit(type, event) {
    for (const listener of this.listeners[type] ?? []) listener(event);
  }

  end(code) {
    if (this.over) return;
    this.over = true;
    clearInterval(this.beat);
    server.open = server.open.filter((one) => one !== this);
    setTimeout(() => this.emit("close", { type: "close", code }), 1);
  }
};

globalThis.fetch = async (url, { body }) => {
  if (server.isDown(url)) throw new TypeError("Network request failed");
  const reply = (value) => ({
    ok: true,
    status: 200,
    headers: { get: () => null },
    text: async () => JSON.stringify(value),
  });
  if (!url.endsWith("/poll")) return reply({ limits: null, files: [] });
  const { frames, wait_ms } = JSON.parse(body);
  const out = [HELLO];
  const length = server.events.length;
  for (const frame of frames) server.take(frame, (answer) => out.push(answer));
  for (let ms = 0; ms < wait_ms && server.events.length === length; ms += 100) {
    await new Promise((done) => setTimeout(done, 100));
  }
  if (server.events.length > length) out.push(server.shown(length + 1));
  return reply({ frames: out });
};
