// What happens in the chat, made known on the page: the launcher's number, the title, the sound, the website's listeners.

import { effect } from "@preact/signals-core";
import type { Host } from "../api.js";
import type { SharedChat } from "../chat/shared.js";
import { author } from "../model/entries.js";
import type { WidgetModel } from "../model/widget.js";
import { playSound } from "./sound.js";
import { TitleSign } from "./title.js";

/** So long another tab may take to say that its visitor reads already. */
const READ_ELSEWHERE_MS = 300;
const SAID: readonly string[] = ["message", "rich", "file_uploaded"];

/** Watches until the returned function is called. */
export function watchPage(model: WidgetModel, chat: SharedChat, host: Host): () => void {
  const stops = [
    watchVisibility(model),
    watchLauncher(model, host),
    watchTitle(model),
    watchSound(model, chat),
    watchPhase(model, host),
    watchMessages(model, host),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** A page of its own is called as its chat is. */
export function watchName(model: WidgetModel): () => void {
  return effect(() => {
    document.title = model.service.value.title || model.speech.say("writeToUs");
  });
}

function watchVisibility(model: WidgetModel): () => void {
  const look = () => {
    model.visible.value = !document.hidden;
    if (!document.hidden) model.ask({ do: "wake" });
  };
  const online = () => model.ask({ do: "wake" });
  model.visible.value = !document.hidden;
  document.addEventListener("visibilitychange", look);
  addEventListener("online", online);
  return () => {
    document.removeEventListener("visibilitychange", look);
    removeEventListener("online", online);
  };
}

function watchLauncher(model: WidgetModel, host: Host): () => void {
  const { say } = model.speech;
  let told = -1;
  let opened = model.open.peek();
  return effect(() => {
    const open = model.open.value;
    const unread = model.unread.value;
    const label = open ? say("minimise") : unread > 0 ? say("openChatUnread", { n: unread }) : say("openChat");
    host.launcher.show({ open, unread: open ? 0 : unread, label });
    if (unread !== told) host.tell("unread", unread);
    if (open !== opened) host.tell(open ? "open" : "close", undefined);
    told = unread;
    opened = open;
  });
}

function watchTitle(model: WidgetModel): () => void {
  const sign = new TitleSign();
  const stop = effect(() => {
    const unread = model.visible.value || !model.titleSign.value ? 0 : model.unread.value;
    sign.say(unread > 0 ? model.speech.say("newMessages", { n: unread }) : "");
  });
  return () => {
    stop();
    sign.say("");
  };
}

/** One tab alone makes the sound, and none when another shows the message to its visitor. */
function watchSound(model: WidgetModel, chat: SharedChat): () => void {
  let before = model.unread.peek();
  return effect(() => {
    const unread = model.unread.value;
    const more = unread > before;
    before = unread;
    if (!more || !chat.leads.peek() || !model.sound.peek()) return;
    setTimeout(() => {
      if (model.unread.peek() >= unread) playSound();
    }, READ_ELSEWHERE_MS);
  });
}

function watchPhase(model: WidgetModel, host: Host): () => void {
  let before = model.state.peek().phase;
  return effect(() => {
    const { phase } = model.state.value;
    if (phase === before) return;
    if (before === "starting" && phase === "open") host.tell("start", undefined);
    if (phase === "ended") host.tell("end", undefined);
    before = phase;
  });
}

/** Tells of what is said from now on; what was there before, after a reload say, is no news. */
function watchMessages(model: WidgetModel, host: Host): () => void {
  const since = Date.now();
  let last = 0;
  return effect(() => {
    const { events, participants, clockBehind } = model.state.value;
    const news = events.filter(({ index }) => index > last);
    last = events.at(-1)?.index ?? 0;
    for (const event of news) {
      if (!SAID.includes(event.type) || event.at - clockBehind < since) continue;
      const party = participants.find((one) => one.number === event.by);
      host.tell("message", { text: event.text ?? "", mine: author(event.by, party, model.speech.say).me });
    }
  });
}
