// What opens with Ctrl K: a field, and what it finds.

import { useId, useState } from "preact/hooks";
import { Dialog, isComposing } from "@handoff/ui";
import type { Desk } from "../model/desk.js";
import { search, type FindableAct, type Found } from "../model/search.js";
import { REASONS, reasonText } from "../model/words.js";
import { useDesk } from "./context.js";

/** The search. */
export function Search() {
  const desk = useDesk();
  const { say, dialog } = desk;
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const id = useId();
  const found = search(query, searched(desk), acts(desk));
  const chosen = Math.min(at, found.length - 1);
  const close = () => (dialog.value = "");
  const open = (one: Found) => {
    close();
    if (one.kind === "act") perform(desk, one.id);
    else desk.select(one.id);
    if (one.kind === "contact") desk.drawer.value = true;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (isComposing(event)) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const one = found[chosen];
    if (step !== undefined && found.length > 0) setAt((chosen + step + found.length) % found.length);
    else if (event.key === "Enter" && one) open(one);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog title={say("search")} wide onClose={close}>
      <input
        class="search-field"
        type="text"
        dir="auto"
        role="combobox"
        aria-expanded={found.length > 0}
        aria-controls={id}
        aria-autocomplete="list"
        aria-activedescendant={found[chosen] ? `${id}-${chosen}` : undefined}
        aria-label={say("searchFor")}
        placeholder={say("searchFor")}
        autocomplete="off"
        value={query}
        onInput={(event) => {
          setQuery(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <ul class="found" role="listbox" id={id} aria-label={say("search")}>
        {found.map((one, place) => (
          <li
            key={`${one.kind} ${one.id}`}
            id={`${id}-${place}`}
            role="option"
            aria-selected={place === chosen}
            onPointerMove={() => setAt(place)}
            onClick={() => open(one)}
          >
            <span class="found-kind">{kindText(desk, one)}</span>
            <bdi class="found-title">{one.title}</bdi>
            <bdi class="hint">{one.hint}</bdi>
          </li>
        ))}
      </ul>
      <p class="hint" role="status">
        {found.length === 0 ? say("nothingFound") : ""}
      </p>
    </Dialog>
  );
}

function kindText({ say }: Desk, { kind }: Found): string {
  return { chat: say("kindChat"), contact: say("kindContact"), act: say("kindAct") }[kind];
}

function searched(desk: Desk) {
  return desk.rows.value.flatMap((row) => {
    const chat = desk.sdk.chats.get(row.id);
    if (!chat) return [];
    const { queue, customer } = chat.work;
    const said = chat.thread.events.flatMap(({ text }) => text ?? []);
    return [{ row, queue, subject: customer.subject, data: customer.data, history: chat.history, said }];
  });
}

function acts({ say, sdk }: Desk): FindableAct[] {
  return [
    { id: "oldest", title: say("actOldest") },
    { id: "ready", title: say("becomeReady") },
    { id: "not ready", title: say("notReady") },
    ...REASONS.map((one) => ({ id: `reason ${one}`, title: `${say("notReady")} · ${reasonText(one, say)}` })),
    { id: "texts", title: say("cannedTexts") },
    { id: "settings", title: say("settings") },
    { id: "help", title: say("shortcuts") },
    ...(sdk.overview.allowed ? [{ id: "overview", title: say("overview") }] : []),
    { id: "sign out", title: say("signOut") },
  ];
}

function perform(desk: Desk, id: string): void {
  if (id === "oldest") desk.selectOldest();
  else if (id === "ready") void desk.ready();
  else if (id === "not ready") void desk.notReady("");
  else if (id.startsWith("reason ")) void desk.notReady(id.slice("reason ".length));
  else if (id === "texts" || id === "settings" || id === "help") desk.dialog.value = id;
  else if (id === "overview") desk.page.value = "overview";
  else if (id === "sign out") void desk.signOut();
}
