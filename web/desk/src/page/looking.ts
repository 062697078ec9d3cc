// Where the agent looks: which chat is on screen, here or in another window; and what follows from that.

import { computed, effect, signal, untracked } from "@preact/signals";
import { Attention, type Call, type Looking } from "../model/attention.js";
import type { Desk } from "../model/desk.js";
import { follow } from "../model/follow.js";
import { LOOKS_EVERY_MS, type Windows } from "../model/windows.js";
import { sound } from "./sounds.js";

const WIDE = "(min-width: 760px)";
/** One window makes the sounds: who holds this lock. */
const SOUND_LOCK = "handoff-desk-sound";

/** Follows where the agent looks. `atEnd` is to be told whether the newest words of the open chat are in sight. */
export function followLooking(desk: Desk, windows: Windows): { atEnd: (atEnd: boolean) => void } {
  const visible = signal(!document.hidden);
  const media = matchMedia(WIDE);
  desk.narrow.value = !media.matches;
  const atEnd = signal(true);
  document.addEventListener("visibilitychange", () => (visible.value = !document.hidden));
  media.addEventListener("change", () => (desk.narrow.value = !media.matches));
  const onScreen = computed(() => {
    const shown = desk.page.value === "chats" && (!desk.narrow.value || desk.pane.value === "chat");
    return visible.value && shown ? desk.selected.value : "";
  });
  effect(() => windows.looksAt(onScreen.value));
  effect(() => {
    follow(desk.changes);
    if (onScreen.value && atEnd.value) untracked(() => desk.chat?.read());
  });
  setInterval(() => windows.repeat(), LOOKS_EVERY_MS);
  const looking: Looking = {
    sees: (chat) => windows.sees(chat),
    speaks: soundLock(desk),
    shown: () => visible.value,
  };
  const attention = new Attention(desk.sdk, desk.settings, callers(desk), looking);
  effect(() => {
    if (desk.connection.told.value.is === "away") attention.away();
  });
  return { atEnd: (now) => (atEnd.value = now) };
}

function callers(desk: Desk) {
  return {
    sound: (kind: keyof typeof desk.settings.value.sounds) => {
      const { sounds, volume } = desk.settings.value;
      sound(sounds[kind], volume);
    },
    notify: (call: Call) => notify(desk, call),
  };
}

function notify(desk: Desk, { kind, chat, name, text }: Call): void {
  if (!("Notification" in globalThis) || Notification.permission !== "granted") return;
  const { say } = desk;
  const shown = name || say("customer");
  const title = kind === "offer" ? say("offerFrom", { name: shown }) : shown;
  const note = new Notification(title, { body: kind === "over" ? say("overShort") : text, tag: `${kind} ${chat}` });
  note.onclick = () => {
    window.focus();
    if (kind !== "offer") desk.select(chat);
    note.close();
  };
}

/** Whether this window is the one of its agent that makes sounds; where browsers know no locks, each does. */
function soundLock(desk: Desk): () => boolean {
  if (!("locks" in navigator)) return () => true;
  let held = false;
  let release: (() => void) | null = null;
  effect(() => {
    follow(desk.changes);
    const wanted = desk.sdk.phase === "in";
    if (wanted && !release) {
      const until = new Promise<void>((done) => (release = done));
      void navigator.locks.request(SOUND_LOCK, () => {
        held = true;
        return until;
      });
    } else if (!wanted && release) {
      release();
      release = null;
      held = false;
    }
  });
  return () => held;
}
