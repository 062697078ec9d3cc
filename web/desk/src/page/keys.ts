// The keyboard's acts on the page.

import { isComposing } from "@handoff/ui";
import type { Desk } from "../model/desk.js";
import { actOf, type Act } from "../model/shortcuts.js";

/** Carries out what keys mean, until it is stopped. */
export function listenToKeys(desk: Desk): () => void {
  const onKey = (event: KeyboardEvent) => {
    if (desk.sdk.phase !== "in" || desk.dialog.value !== "" || event.repeat) return;
    const { key, code, altKey, ctrlKey, metaKey } = event;
    const pressed = { key, code, altKey, ctrlKey, metaKey, composing: isComposing(event), writing: writes(event) };
    const act = actOf(pressed, desk.settings.value.shortcuts);
    if (!act) return;
    event.preventDefault();
    perform(desk, act);
  };
  document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", onKey);
}

function writes({ target }: Event): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.matches("input, textarea, select, [role=menu] *") || target.isContentEditable;
}

function perform(desk: Desk, act: Act): void {
  const acts: Record<Act, () => void> = {
    oldest: () => void desk.selectOldest(),
    accept: () => void desk.accept(),
    decline: () => void desk.decline(),
    next: () => desk.selectNeighbour(1),
    previous: () => desk.selectNeighbour(-1),
    write: () => document.getElementById("message")?.focus(),
    mode: () => changeMode(desk),
    end: () => document.getElementById("end")?.click(),
    status: () => document.getElementById("status")?.click(),
    details: () => (desk.drawer.value = !desk.drawer.value),
    search: () => (desk.dialog.value = "search"),
    help: () => (desk.dialog.value = "help"),
  };
  acts[act]();
}

/** Writes to the others: agents alone, or the customer. */
function changeMode({ chat, modes }: Desk): void {
  if (chat && !chat.over && !chat.leaving) modes.choose(chat, modes.of(chat) === "agents" ? "customer" : "agents");
}
