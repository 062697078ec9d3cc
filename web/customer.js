// The customer's page: draws what customer-chat.js knows, and tells it what the customer does.

import { Away } from "./away.js";
import { Conversation, drawTyping } from "./conversation.js";
import { CustomerChat, nothing } from "./customer-chat.js";
import { byId, composer, grow, setText, show } from "./dom.js";
import { drawFiles, picker } from "./files.js";
import { listedNodes } from "./link.js";
import { tabStore } from "./store.js";
import { speak } from "./texts.js";
import { texts } from "./texts/customer.js";

/** A connection that is back before this was never away, as far as the customer can see. */
const QUIET_MS = 2000;

const { say, language } = speak(texts);
const nickname = /** @type {HTMLInputElement} */ (byId("nickname"));
const email = /** @type {HTMLInputElement} */ (byId("email"));
const subject = /** @type {HTMLInputElement} */ (byId("subject"));
const message = /** @type {HTMLTextAreaElement} */ (byId("message"));
const sure = /** @type {HTMLDialogElement} */ (byId("sure"));

const conversation = new Conversation({
  scroller: byId("scroller"),
  log: byId("log"),
  pending: byId("pending"),
  latest: byId("latest"),
  language,
  say: (key, name) => say(key === "ended" ? "over" : key, name),
  nameOf: (number, thread) => thread.party(number)?.nickname || say("team"),
  onChoose: (title) => chat.send(title),
  onSave: (id, name) => chat.files.save(id, name),
  onEdit(item) {
    chat.outbox.remove(item);
    message.value = item.text;
    grow(message);
    message.focus();
    draw();
  },
});
let phase = "";
const away = new Away(QUIET_MS, () => draw());
const chat = new CustomerChat({
  nodes: listedNodes(),
  store: tabStore("handoff-customer", nothing()),
  onChange: () => queueMicrotask(draw),
});

function draw() {
  const talking = chat.phase === "open" || chat.phase === "leaving" || chat.phase === "ended";
  show(byId("start"), !talking);
  show(byId("scroller"), talking);
  show(byId("composer"), chat.phase === "open");
  drawFiles(chat.files, { takes: chat.takesFiles, speaks: chat.phase === "open" }, say);
  show(byId("end"), chat.phase === "open");
  show(byId("ended"), chat.phase === "ended");
  /** @type {HTMLButtonElement} */ (byId("begin")).disabled = chat.phase === "starting";
  setText(byId("begin"), say(chat.phase === "starting" ? "starting" : "begin"));
  if (chat.refused)
    setText(byId("problem"), say(chat.refused === "busy" || chat.refused === "full" ? "busy" : "error"));
  setText(byId("ended-text"), say(chat.gone ? "gone" : "over"));
  drawConnection();
  drawStatus();
  if (talking) conversation.draw(chat.thread, chat.outbox.items);
  drawTypists();
  if (phase !== chat.phase) focusFor(chat.phase);
  phase = chat.phase;
}

/** @param {import("./customer-chat.js").Phase} now */
function focusFor(now) {
  if (now === "open") message.focus({ preventScroll: true });
  if (now === "ended" && phase) byId("again").focus({ preventScroll: true });
  if (now === "idle" && phase) nickname.focus();
}

function drawConnection() {
  away.see(chat.link.state);
  show(byId("banner"), away.is && chat.phase !== "ended");
  setText(byId("banner"), away.is ? say("away") : "");
}

function drawStatus() {
  const { thread } = chat;
  show(byId("status-line"), chat.phase !== "idle");
  const agents = [...thread.present].map((number) => thread.party(number)).filter((party) => party?.role === "agent");
  let dot = "";
  let text = say("online");
  if (chat.phase === "ended") [dot, text] = ["over", say("over")];
  else if (away.is || chat.phase === "starting" || thread.events.length === 0) [dot, text] = ["off", say("connecting")];
  else if (agents.length) text = say("talking", agents.map((party) => party?.nickname ?? "").join(", "));
  else if (!thread.has("bot")) [dot, text] = ["off", say("waiting")];
  byId("dot").className = `dot ${dot}`;
  setText(byId("status"), text);
}

function drawTypists() {
  const names = chat.thread.typists().map(({ party }) => party?.nickname || say("team"));
  drawTyping(byId("typing"), names.length ? say("typing", names.join(", ")) : "");
  conversation.sink();
}
// A typing notice that nobody took back ends by itself.
setInterval(drawTypists, 1000);

byId("start").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = nickname.value.trim();
  const bad = !name ? "needName" : email.value.trim() && !email.validity.valid ? "badMail" : null;
  setText(byId("problem"), bad ? say(bad) : "");
  nickname.setAttribute("aria-invalid", String(bad === "needName"));
  email.setAttribute("aria-invalid", String(bad === "badMail"));
  if (bad) return (bad === "needName" ? nickname : email).focus();
  const service = new URLSearchParams(location.search).get("service");
  chat.start({
    nickname: name,
    ...(email.value.trim() && { email: email.value.trim() }),
    ...(subject.value.trim() && { subject: subject.value.trim() }),
    ...(service && { service }),
  });
});
composer(
  message,
  /** @type {HTMLFormElement} */ (byId("composer")),
  (text) => chat.send(text),
  (text) => chat.typing(text),
);
picker(byId("attach"), byId("file"), (file) => chat.files.send(file));
byId("end").addEventListener("click", () => sure.showModal());
byId("stay").addEventListener("click", () => sure.close());
byId("leave").addEventListener("click", () => {
  sure.close();
  chat.leave();
});
byId("again").addEventListener("click", () => chat.reset());

draw();
