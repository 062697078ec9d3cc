// The right pane: who the customer is, what came with the chat, their earlier chats, notes. A drawer where there is no room.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { AgentChat } from "@handoff/sdk";
import { Avatar, Button, cut, fullTime, IconButton, shortTime } from "@handoff/ui";
import { newId } from "../page/ids.js";
import { customerName } from "../model/rows.js";
import { useDesk } from "./context.js";
import { CLOSE } from "./icons.js";
import { Earlier } from "./Earlier.js";
import { Unverified } from "./Unverified.js";

/** A value longer than this is folded. */
const FOLDED_FROM = 120;

/** The right pane. */
export function Details() {
  const desk = useDesk();
  const { say, drawer } = desk;
  const chat = desk.chat;
  const place = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    if (drawer.value) place.current?.querySelector<HTMLElement>("button")?.focus();
  }, [drawer.value]);
  const close = () => {
    drawer.value = false;
    document.getElementById("details-button")?.focus();
  };
  if (!chat) return null;
  return (
    <aside
      id="details"
      class={`details${drawer.value ? " open" : ""}`}
      aria-label={say("details")}
      ref={place}
      onKeyDown={(event) => {
        if (event.key === "Escape" && drawer.value) close();
      }}
    >
      <span class="below-wide close-drawer">
        <IconButton icon={CLOSE} label={say("close")} onClick={close} />
      </span>
      <Contact chat={chat} />
      <Data chat={chat} />
      <Earlier key={chat.id} chat={chat} />
      <ContactNotes key={`notes ${chat.id}`} chat={chat} />
    </aside>
  );
}

function Contact({ chat }: { chat: AgentChat }) {
  const { say, language, now } = useDesk();
  const { customer, queue } = chat.work;
  const name = customerName(chat.work, say);
  const contact = chat.history?.contact;
  const since = contact?.since;
  const facts: [string, string][] = [
    [say("contactName"), [contact?.first_name, contact?.last_name].filter(Boolean).join(" ")],
    [say("email"), contact?.email ?? ""],
    [say("subjectWord"), customer.subject],
    [say("queue"), queue],
    [say("priority"), customer.priority ? String(customer.priority) : ""],
    [say("knownSince"), since ? shortTime(since, now.value, language) : ""],
  ];
  return (
    <div class="contact">
      <div class="who">
        <Avatar name={name} />
        <div>
          <h2 id="who" dir="auto">
            {name}
          </h2>
          <Unverified verified={customer.verified} />
        </div>
      </div>
      <Facts facts={facts} />
      {chat.history === null && !chat.historyRefused ? <p class="hint">{say("loading")}</p> : null}
    </div>
  );
}

function Facts({ facts }: { facts: readonly (readonly [string, string])[] }) {
  const shown = facts.filter(([, value]) => value !== "");
  if (shown.length === 0) return null;
  return (
    <dl class="facts">
      {shown.map(([key, value]) => (
        <div key={key}>
          <dt dir="auto">{key}</dt>
          <dd dir="auto">
            <Folded text={value} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** A text of any length, whose end is shown when it is asked for. */
function Folded({ text }: { text: string }) {
  const { say } = useDesk();
  const [open, setOpen] = useState(false);
  const folded = cut(text, FOLDED_FROM);
  if (folded === text) return <>{text}</>;
  return (
    <>
      {open ? text : folded}{" "}
      <Button look="text" aria-expanded={open} onClick={() => setOpen(!open)}>
        {open ? say("less") : say("all")}
      </Button>
    </>
  );
}

function Data({ chat }: { chat: AgentChat }) {
  const { say } = useDesk();
  const { data, left_out } = chat.work.customer;
  const all = Object.entries(data);
  if (all.length === 0 && left_out === 0) return null;
  return (
    <section aria-labelledby="data-title">
      <h2 id="data-title">
        {say("attachedData")} <span class="count">{all.length}</span>
      </h2>
      <Facts facts={all} />
      {left_out > 0 ? <p class="hint">{say("leftOut", { n: left_out })}</p> : null}
    </section>
  );
}

/** Notes of a contact, on this computer; where nobody would find them again there are none. */
function ContactNotes({ chat }: { chat: AgentChat }) {
  const desk = useDesk();
  const { say, notes, language, now } = desk;
  const [written, setWritten] = useState("");
  const contact = chat.history?.contact?.id;
  if (!contact) return null;
  const add = () => {
    if (notes.add(contact, written, newId())) setWritten("");
  };
  return (
    <section aria-labelledby="notes-title">
      <h2 id="notes-title">{say("notes")}</h2>
      <p class="hint">{say("notesHere")}</p>
      <ul class="notes">
        {notes.of(contact).map((note) => (
          <li key={note.id}>
            <p dir="auto">{note.text}</p>
            <span class="hint" title={fullTime(note.at, language)}>
              {shortTime(note.at, now.value, language)}
            </span>
            <Button look="text" onClick={() => notes.remove(note.id)}>
              {say("delete")}
            </Button>
          </li>
        ))}
      </ul>
      <textarea
        class="note-field"
        rows={2}
        dir="auto"
        aria-label={say("writeNote")}
        placeholder={say("writeNote")}
        value={written}
        onInput={(event) => setWritten(event.currentTarget.value)}
      />
      <Button onClick={add} disabled={!written.trim()}>
        {say("keepNote")}
      </Button>
    </section>
  );
}
