// Where the agent writes: to the customer or to agents alone, with a draft of each for each chat; texts of their own after
// `/`; files chosen, pasted or dropped.

import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { AgentChat } from "@handoff/sdk";
import { AttachButton, Composer, isComposing, useFiles } from "@handoff/ui";
import { filled, insert, slashAt, type Canned, type Slash } from "../model/canned.js";
import type { Mode } from "../model/modes.js";
import { customerName } from "../model/rows.js";
import { useDesk } from "./context.js";
import { UploadLines } from "./Files.js";

/** The composer of a chat. */
export function DeskComposer({ chat }: { chat: AgentChat }) {
  const desk = useDesk();
  const { say, sdk, modes } = desk;
  const internal = modes.of(chat) === "agents";
  const field = useRef<HTMLTextAreaElement | null>(null);
  const canned = useCanned(chat, field);
  const send = (files: readonly File[]) => void desk.uploads.send(chat, files);
  // A file goes to everybody.
  const takes = chat.files.limits !== null && !internal;
  const files = useFiles(takes ? send : undefined);
  const limits = [internal ? 0 : (chat.thread.channel?.text_bytes_max ?? 0), sdk.textBytesMax ?? 0].filter(
    (max) => max > 0,
  );
  const bytesMax = Math.min(...limits);
  const take = (element: HTMLTextAreaElement | null) => {
    field.current = element;
    if (element) element.id = "message";
  };
  useLayoutEffect(() => field.current?.focus({ preventScroll: true }), [internal]);
  return (
    <div
      class={`desk-composer${files.over ? " drop" : ""}${internal ? " internal" : ""}`}
      {...files.on}
      onKeyDownCapture={canned.onKey}
      onInput={canned.look}
      onClick={canned.look}
    >
      <UploadLines chat={chat} />
      {canned.list}
      <Modes chat={chat} />
      <Composer
        text={modes.draft(chat)}
        onText={(text) => {
          modes.write(chat, text);
          if (!internal) chat.typing(text);
        }}
        onSend={(text) => modes.send(chat, text)}
        label={say(internal ? "writeToAgents" : "writeMessage")}
        {...(limits.length > 0 && { bytesMax })}
        fieldRef={take}
        before={takes ? <AttachButton onFiles={send} /> : null}
      />
    </div>
  );
}

const MODES: readonly Mode[] = ["customer", "agents"];

/** To whom is written. */
function Modes({ chat }: { chat: AgentChat }) {
  const { say, modes } = useDesk();
  const words = { customer: say("toCustomer"), agents: say("toAgents") };
  return (
    <div class="composer-modes" role="group" aria-label={say("toWhom")}>
      {MODES.map((mode) => (
        <button
          key={mode}
          type="button"
          class="mode"
          aria-pressed={modes.of(chat) === mode}
          onClick={() => modes.choose(chat, mode)}
        >
          {words[mode]}
        </button>
      ))}
      <span class="composer-hint">{say("slashHint")}</span>
    </div>
  );
}

interface FieldRef {
  readonly current: HTMLTextAreaElement | null;
}

/** The agent's own texts: a list while a `/` stands before the caret. */
function useCanned(chat: AgentChat, field: FieldRef) {
  const desk = useDesk();
  const [slash, setSlash] = useState<Slash | null>(null);
  const [at, setAt] = useState(0);
  const id = useId();
  const found = slash ? desk.canned.find(slash.query) : [];
  const open = slash !== null && (found.length > 0 || slash.query === "");
  const chosen = Math.min(at, found.length - 1);
  const look = () => {
    const place = field.current;
    setSlash(place ? slashAt(place.value, place.selectionStart) : null);
  };
  const put = (one: Canned) => {
    const place = field.current;
    if (!slash || !place) return;
    const places = { name: customerName(chat.work, desk.say), agent: desk.sdk.nickname };
    const { text, caret } = insert(place.value, slash, filled(one.text, places));
    setSlash(null);
    // The field has it at once: the next key may come before the page is drawn.
    place.value = text;
    place.setSelectionRange(caret, caret);
    place.focus();
    desk.modes.write(chat, text);
  };
  const onKey = (event: KeyboardEvent) => {
    if (!open || isComposing(event)) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const one = found[chosen];
    if (step !== undefined && found.length > 0) setAt((chosen + step + found.length) % found.length);
    else if ((event.key === "Enter" || event.key === "Tab") && one && !event.shiftKey) put(one);
    else if (event.key === "Escape") setSlash(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  useLayoutEffect(() => setAt(0), [slash?.query]);
  useEffect(() => describe(field.current, open ? id : "", open && found[chosen] ? `${id}-${chosen}` : ""));
  const list = open ? <CannedList id={id} found={found} chosen={chosen} onChoose={put} /> : null;
  return { list, look, onKey };
}

/** Tells readers of the field which list is open, and what is chosen in it. */
function describe(field: HTMLTextAreaElement | null, list: string, active: string): void {
  const set = (name: string, value: string) =>
    value ? field?.setAttribute(name, value) : field?.removeAttribute(name);
  set("aria-controls", list);
  set("aria-activedescendant", active);
  set("aria-autocomplete", "list");
}

interface CannedListProps {
  readonly id: string;
  readonly found: readonly Canned[];
  readonly chosen: number;
  readonly onChoose: (one: Canned) => void;
}

function CannedList({ id, found, chosen, onChoose }: CannedListProps) {
  const { say, dialog } = useDesk();
  return (
    <div class="canned">
      {found.length > 0 ? (
        <ul role="listbox" id={id} aria-label={say("cannedTexts")}>
          {found.map((one, place) => (
            <li
              key={one.id}
              id={`${id}-${place}`}
              role="option"
              aria-selected={place === chosen}
              // The field keeps the focus.
              onPointerDown={(event) => {
                event.preventDefault();
                onChoose(one);
              }}
            >
              <bdi class="canned-name">/{one.name}</bdi>
              <bdi class="canned-text">{one.text}</bdi>
            </li>
          ))}
        </ul>
      ) : (
        <p class="hint">{say("noTexts")}</p>
      )}
      <button type="button" class="button text" onClick={() => (dialog.value = "texts")}>
        {say("editTexts")}
      </button>
    </div>
  );
}
