// What is found by what an agent types after Ctrl K: chats, contacts, acts.

import type { History } from "@handoff/sdk";
import { cut, graphemes } from "@handoff/ui";
import type { ChatRow } from "./rows.js";

/** Something that can be found. */
export interface Found {
  readonly kind: "chat" | "contact" | "act";
  /** The chat's id, or the act's name. */
  readonly id: string;
  readonly title: string;
  /** What it was found by, or what it is. */
  readonly hint: string;
}

/** A chat as it is searched. */
export interface Searched {
  readonly row: ChatRow;
  readonly queue: string;
  readonly subject: string;
  readonly data: Readonly<Record<string, string>>;
  readonly history: History | null;
  /** What was said, newest last. */
  readonly said: readonly string[];
}

/** An act that can be found. */
export interface FindableAct {
  readonly id: string;
  readonly title: string;
}

const EACH_MAX = 8;
const HINT_MAX = 60;
/** So many characters are shown before what was found. */
const AROUND = 20;
/** Of a long chat the newest words are searched. */
const SAID_MAX = 500;

/** What a query finds; an empty one finds all chats and acts. */
export function search(query: string, chats: readonly Searched[], acts: readonly FindableAct[]): Found[] {
  const wanted = query.trim().toLowerCase();
  return [
    ...chats.flatMap((chat) => foundChat(chat, wanted)).slice(0, EACH_MAX),
    ...(wanted ? chats.flatMap((chat) => foundContact(chat, wanted)).slice(0, EACH_MAX) : []),
    ...acts.filter(({ title }) => holds(title, wanted)).map((act) => ({ kind: "act" as const, ...act, hint: "" })),
  ];
}

function foundChat({ row, queue, subject, data, said }: Searched, wanted: string): Found[] {
  const found = (hint: string): Found[] => [{ kind: "chat", id: row.id, title: row.name, hint: cut(hint, HINT_MAX) }];
  if (holds(row.name, wanted)) return found(subject || queue);
  for (const text of [subject, queue, ...Object.values(data)]) if (holds(text, wanted)) return found(text);
  for (const text of said.slice(-SAID_MAX).reverse()) if (holds(text, wanted)) return found(around(text, wanted));
  return [];
}

function foundContact({ row, history }: Searched, wanted: string): Found[] {
  const contact = history?.contact;
  if (!contact) return [];
  const name = [contact.first_name, contact.last_name].filter(Boolean).join(" ");
  if (![name, contact.email].some((text) => holds(text, wanted))) return [];
  return [{ kind: "contact", id: row.id, title: name || contact.email, hint: name ? contact.email : row.name }];
}

function holds(text: string, wanted: string): boolean {
  return text.toLowerCase().includes(wanted);
}

/** The text from shortly before what was found on. */
function around(text: string, wanted: string): string {
  const at = text.toLowerCase().indexOf(wanted);
  if (at <= AROUND) return text;
  const before = graphemes(text.slice(Math.max(0, at - 32 * AROUND), at)).slice(-AROUND);
  return `…${before.join("")}${text.slice(at)}`;
}
