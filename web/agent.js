// The agent's page: draws what agent-desk.js knows, and tells it what the agent does. The list and the details draw themselves.

import { Desk, nothing } from "./agent-desk.js";
import { Details } from "./agent-details.js";
import { List } from "./agent-list.js";
import { Away } from "./away.js";
import { Conversation, bubble, drawTyping } from "./conversation.js";
import { byId, composer, grow, menu, setText, show } from "./dom.js";
import { drawFiles, picker } from "./files.js";
import { listedNodes } from "./link.js";
import { tabStore } from "./store.js";
import { speak } from "./texts.js";
import { texts } from "./texts/agent.js";

/** A connection that is back before this needs no words. */
const QUIET_MS = 1500;

/** What refusals, reasons and ends are called; a code that is not here is shown as it is, or as an error. */
const REFUSALS = /** @type {const} */ ({
  wrong_password: "wrongPassword",
  slow_down: "slowDown",
  expired: "expired",
  token_expired: "expired",
  elsewhere: "elsewhere",
  has_chats: "hasChats",
  no_claim: "noClaim",
});
const REASONS = /** @type {const} */ ({
  break: "reasonBreak",
  lunch: "reasonLunch",
  training: "reasonTraining",
  "follow-up": "reasonFollowUp",
  "no answer": "reasonNoAnswer",
  lost: "reasonLost",
});

const { say, language } = speak(texts);
const name = /** @type {HTMLInputElement} */ (byId("name"));
const password = /** @type {HTMLInputElement} */ (byId("password"));
const message = /** @type {HTMLTextAreaElement} */ (byId("message"));
const announce = byId("announce");
const away = new Away(QUIET_MS, () => draw());
let notice = "";
let noticeTimer = 0;
/** @type {import("./agent-desk.js").Chat | null} */
let drawnChat = null;

const desk = new Desk({
  nodes: listedNodes(),
  store: tabStore("handoff-agent", nothing()),
  onChange: () => queueMicrotask(draw),
  onOffer(offer) {
    setText(announce, `${say("offer")}: ${offer.work.customer.nickname}. ${offer.work.customer.subject}`);
    ring();
  },
});
const list = new List({
  desk,
  say,
  language,
  select(id) {
    desk.select(id);
    view("chat");
    message.focus({ preventScroll: true });
  },
  async accept(id) {
    const why = await desk.accept(id);
    if (why) return complain(why);
    view("chat");
  },
  async decline(id) {
    complain(await desk.decline(id));
  },
});
const details = new Details({ desk, say, language });
const conversation = new Conversation({
  scroller: byId("scroller"),
  log: byId("log"),
  pending: byId("pending"),
  latest: byId("latest"),
  language,
  say: (key, name) => say(key === "ended" ? "chatEnded" : key, name),
  nameOf: (number, thread) => thread.party(number)?.nickname || say("system"),
  onSave: (id, name) => desk.selected?.files.save(id, name),
  onEdit(item) {
    if (!desk.selected) return;
    desk.selected.outbox.remove(item);
    desk.selected.draft = item.text;
    message.value = item.text;
    grow(message);
    message.focus();
    draw();
  },
});

function draw() {
  show(byId("sign-in"), desk.phase !== "in");
  show(byId("desk"), desk.phase === "in");
  drawConnection();
  if (desk.phase !== "in") return drawSignIn();
  setText(byId("who"), desk.nickname);
  drawStatus();
  list.draw();
  drawChat();
  details.draw();
  const unread = [...desk.chats.values()].reduce((sum, chat) => sum + chat.unread, 0) + desk.offers.size;
  document.title = `${unread ? `(${unread}) ` : ""}${say("title")}`;
}

function drawSignIn() {
  drawnChat = null;
  const busy = desk.phase === "signing";
  // With a token it is done in a moment: no form flashes up after a reload.
  show(byId("sign-in"), !busy || away.is || desk.kept.token === "");
  /** @type {HTMLButtonElement} */ (byId("sign-in-button")).disabled = busy;
  setText(byId("sign-in-button"), say(busy ? "connecting" : "signIn"));
  if (desk.refused) setText(byId("problem"), refusal(desk.refused));
  if (!name.value) name.value = desk.kept.name;
  document.title = say("title");
}

function drawConnection() {
  away.see(desk.link.state);
  const text = away.is ? say("away") : notice;
  show(byId("banner"), text !== "");
  setText(byId("banner"), text);
}

function drawStatus() {
  const { state, reason } = desk.status;
  byId("dot").className = `dot ${state === "ready" ? "ready" : "off"}`;
  const shown = reason in REASONS ? say(REASONS[/** @type {keyof typeof REASONS} */ (reason)]) : reason;
  const off = shown ? `${say("notReady")} · ${shown}` : say("notReady");
  setText(byId("status-text"), state === "ready" ? say("ready") : off);
}

function drawChat() {
  const chat = desk.selected;
  show(byId("none"), !chat);
  show(byId("chat"), chat !== null);
  if (!chat) view("list");
  if (chat !== drawnChat) {
    if (drawnChat) drawnChat.draft = message.value;
    message.value = chat?.draft ?? "";
    grow(message);
    if (chat && !drawnChat?.over) message.focus({ preventScroll: true });
    drawnChat = chat;
  }
  if (!chat) return;
  if (!document.hidden && (wide() || document.body.dataset.view === "chat")) chat.unread = 0;
  const { customer } = chat.work;
  setText(byId("chat-name"), customer.nickname || say("customer"));
  show(byId("chat-unverified"), !customer.verified);
  setText(byId("chat-subject"), customer.subject || "");
  show(byId("leave-place"), !chat.over);
  show(byId("dismiss"), chat.over !== "");
  show(byId("composer"), !chat.over && !chat.leaving);
  drawFiles(chat.files, { takes: chat.files.limits !== null, speaks: !chat.over }, say);
  /** @type {HTMLButtonElement} */ (byId("leave")).disabled = chat.leaving;
  conversation.draw(chat.thread, chat.outbox.items);
  const left = chat.thread.events.length > 0 && !chat.thread.has("customer");
  const text = chat.over ? overText(chat.over) : chat.leaving ? say("leaving") : left ? say("customerLeft") : "";
  show(byId("chat-banner"), text !== "");
  setText(byId("chat-banner"), text);
  drawTypists();
}

/** What the customer writes is seen before they send it. */
function drawTypists() {
  const typists = drawnChat?.thread.typists() ?? [];
  const previews = typists.filter(({ preview }) => preview);
  const key = previews.map(({ preview }) => preview).join("\n");
  const place = byId("preview");
  if (place.dataset.shown !== key) {
    place.dataset.shown = key;
    place.replaceChildren(...previews.map(({ preview }) => bubble("theirs preview", null, preview)));
  }
  const names = typists.map(({ party }) => party?.nickname || say("system"));
  drawTyping(byId("typing"), names.length ? say("typing", names.join(", ")) : "");
  conversation.sink();
}
setInterval(() => {
  if (desk.phase !== "in") return;
  list.tick();
  drawTypists();
}, 500);

/** @param {string} code */
function refusal(code) {
  return code in REFUSALS ? say(REFUSALS[/** @type {keyof typeof REFUSALS} */ (code)]) : say("error");
}

/** @param {string} why */
function overText(why) {
  if (why === "lost") return say("overLost");
  return say(why === "left" ? "overLeft" : "chatEnded");
}

/**
 * Says for a while why something was refused.
 * @param {string} code
 */
function complain(code) {
  if (!code) return;
  notice = refusal(code);
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => {
    notice = "";
    draw();
  }, 6000);
  draw();
}

const wide = () => matchMedia("(min-width: 760px)").matches;
/** @param {"list" | "chat"} which what a narrow screen shows */
function view(which) {
  document.body.dataset.view = which;
}

// A ring that is off until the agent wants it: browsers allow sound only after they touched the page anyway.
const sound = byId("sound");
/** @type {AudioContext | null} */
let audio = null;
function ring() {
  if (!audio) return;
  for (const [delay, pitch] of [
    [0, 660],
    [0.18, 880],
  ]) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.15, audio.currentTime + delay);
    volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + delay + 0.35);
    tone.connect(volume).connect(audio.destination);
    tone.start(audio.currentTime + delay);
    tone.stop(audio.currentTime + delay + 0.4);
  }
}
sound.addEventListener("click", () => {
  audio?.close();
  audio = audio ? null : new AudioContext();
  sound.setAttribute("aria-pressed", String(audio !== null));
  ring();
});

byId("sign-in-form").addEventListener("submit", (event) => {
  event.preventDefault();
  setText(byId("problem"), name.value.trim() && password.value ? "" : say("needBoth"));
  if (!name.value.trim()) return name.focus();
  if (!password.value) return password.focus();
  desk.signIn(name.value.trim(), password.value);
  password.value = "";
});
menu(byId("status"), byId("status-menu"));
byId("status-menu").addEventListener("click", async (event) => {
  const item = event.target instanceof Element ? event.target.closest("button") : null;
  const wanted = item?.dataset.status;
  if (wanted !== undefined) complain(await (wanted === "ready" ? desk.ready() : desk.notReady(wanted)));
});
menu(byId("leave"), byId("leave-menu"));
byId("leave-menu").addEventListener("click", async (event) => {
  const item = event.target instanceof Element ? event.target.closest("button") : null;
  const how = /** @type {import("./agent-desk.js").How | undefined} */ (item?.dataset.how);
  if (how) complain(await desk.leave(desk.kept.selected, how));
});
composer(
  message,
  /** @type {HTMLFormElement} */ (byId("composer")),
  (text) => desk.selected?.send(text),
  (text) => desk.selected?.typist.changed(text),
);
picker(byId("attach"), byId("file"), (file) => desk.selected?.files.send(file));
byId("dismiss").addEventListener("click", () => desk.dismiss(desk.kept.selected));
byId("back").addEventListener("click", () => view("list"));
byId("sign-out").addEventListener("click", async () => complain(await desk.signOut()));
document.addEventListener("visibilitychange", draw);

draw();
if (desk.phase === "out") name.focus();
