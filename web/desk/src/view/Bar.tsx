// The bar above all: the agent's status with its reason, how many chats they have, search, the connection, who they are.

import { Avatar, Icon, Menu, type MenuItem } from "@handoff/ui";
import type { Desk } from "../model/desk.js";
import { REASONS, reasonText } from "../model/words.js";
import { Banners } from "./Banners.js";
import { useDesk } from "./context.js";
import { SEARCH } from "./icons.js";

/** The bar. */
export function Bar() {
  const desk = useDesk();
  const { say, dialog } = desk;
  return (
    <header class="bar">
      <h1 class="brand">{say("brand")}</h1>
      <Status />
      <Pages />
      <Banners />
      <Connection />
      <button
        type="button"
        class="search-button"
        aria-keyshortcuts="Control+K"
        onClick={() => (dialog.value = "search")}
      >
        <Icon name={SEARCH} size={16} />
        <span class="search-word">{say("search")}</span>
        <kbd aria-hidden="true">Ctrl K</kbd>
      </button>
      <Account />
    </header>
  );
}

function Status() {
  const desk = useDesk();
  const { sdk, say } = desk;
  const { state, reason } = sdk.status;
  const live = [...sdk.chats.values()].filter(({ over }) => !over).length;
  const shown = state === "ready" ? say("ready") : say("notReady");
  const why = state === "ready" ? "" : reasonText(reason, say);
  return (
    <div class="status">
      <Menu label={say("status")} buttonId="status" items={statusItems(desk)}>
        <span class={`dot ${state === "ready" ? "ready" : "off"}`} aria-hidden="true" />
        <span class="status-text">
          {shown}
          {why ? <bdi class="status-reason">{` · ${why}`}</bdi> : null}
        </span>
        <span class="load">{say("chatsOfCapacity", { n: live, capacity: String(sdk.capacity) })}</span>
      </Menu>
    </div>
  );
}

function statusItems(desk: Desk): MenuItem[] {
  const { sdk, say, dialog } = desk;
  const { state, reason } = sdk.status;
  const off = (wanted: string) => state !== "ready" && reason === wanted;
  return [
    { label: say("ready"), checked: state === "ready", act: () => void desk.ready() },
    { label: say("notReady"), checked: off(""), act: () => void desk.notReady("") },
    ...REASONS.map((one) => ({
      label: reasonText(one, say),
      checked: off(one),
      act: () => void desk.notReady(one),
    })),
    { label: say("otherReason"), act: () => (dialog.value = "reason") },
  ];
}

/** Supervisors go between their chats and the overview. */
function Pages() {
  const { sdk, say, page } = useDesk();
  if (!sdk.overview.allowed) return null;
  return (
    <nav class="pages" aria-label={say("pages")}>
      {(["chats", "overview"] as const).map((one) => (
        <button
          type="button"
          key={one}
          aria-current={page.value === one ? "page" : undefined}
          onClick={() => (page.value = one)}
        >
          {one === "chats" ? say("chats") : say("overview")}
        </button>
      ))}
    </nav>
  );
}

function Connection() {
  const { say, connection } = useDesk();
  const { is } = connection.told.value;
  const broken = is === "away" || is === "lost";
  return <span class={`connection${broken ? " broken" : ""}`}>{broken ? say("notConnected") : say("connected")}</span>;
}

function Account() {
  const desk = useDesk();
  const { sdk, say, dialog } = desk;
  const items: MenuItem[] = [
    { label: say("cannedTexts"), act: () => (dialog.value = "texts") },
    { label: say("settings"), act: () => (dialog.value = "settings") },
    { label: say("shortcuts"), act: () => (dialog.value = "help") },
    { label: say("signOut"), act: () => void desk.signOut() },
  ];
  return (
    <Menu label={say("accountOf", { name: sdk.nickname })} items={items}>
      <Avatar name={sdk.nickname} />
    </Menu>
  );
}
