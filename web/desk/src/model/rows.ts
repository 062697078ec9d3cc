// The list of an agent's chats: who waits longest stands first, what is over last.

import type { AgentChat, DeskWorkLike } from "./types.js";
import { cut, shownName } from "@handoff/ui";
import type { Conversation, LastWord } from "./conversation.js";
import type { Say } from "../words/say.js";

/** More of a word than this has no room in a line. */
const LINE_MAX = 80;

/** A chat in the list. */
export interface ChatRow {
  readonly id: string;
  readonly name: string;
  /** What stands below the name. */
  readonly line: string;
  /** That is the agent's own word. */
  readonly mine: boolean;
  /** Since when the customer waits for an answer, in milliseconds since 1970; null: they are answered. */
  readonly waitingSince: number | null;
  /** When something was last said; null: never. */
  readonly at: number | null;
  readonly unread: number;
  readonly over: boolean;
}

/** A chat as a row of the list. */
export function rowOf(chat: AgentChat, conversation: Conversation, say: Say): ChatRow {
  const { work, thread } = chat;
  const typing = !chat.over && thread.typists.length > 0;
  const { lastWord, waitingSince } = conversation;
  return {
    id: chat.id,
    name: customerName(work, say),
    line: chat.over
      ? say("overShort")
      : typing
        ? say("typingShort")
        : lastWord
          ? lineOf(lastWord)
          : cut(work.customer.subject, LINE_MAX),
    mine: !chat.over && !typing && lastWord?.mine === true,
    waitingSince: chat.over ? null : waitingSince,
    at: lastWord?.at ?? null,
    unread: chat.unread,
    over: chat.over !== "",
  };
}

/** Each word is cut once: the list is made anew with whatever happens in any chat. */
const lines = new WeakMap<LastWord, string>();

function lineOf(word: LastWord): string {
  const line = lines.get(word) ?? cut(word.text, LINE_MAX);
  lines.set(word, line);
  return line;
}

/** The row that is shown already where nothing of it changed: then it is not drawn anew. */
export function sameRow(row: ChatRow, before: ChatRow | undefined): ChatRow {
  if (!before) return row;
  const keys = Object.keys(row) as (keyof ChatRow)[];
  return keys.every((key) => row[key] === before[key]) ? before : row;
}

/** What a customer is called. */
export function customerName(work: DeskWorkLike, say: Say): string {
  return shownName(work.customer.nickname, say("customer"));
}

/** The ids of rows as they stand: the longest unanswered first, then those last heard of, what is over at the end. */
export function sorted(rows: readonly ChatRow[]): string[] {
  return [...rows].sort(before).map(({ id }) => id);
}

function before(one: ChatRow, other: ChatRow): number {
  if (one.over !== other.over) return one.over ? 1 : -1;
  const [waits, otherWaits] = [one.waitingSince ?? Infinity, other.waitingSince ?? Infinity];
  if (waits !== otherWaits) return waits - otherWaits;
  return (other.at ?? 0) - (one.at ?? 0) || one.id.localeCompare(other.id);
}

/** The chat whose customer has waited longest for an answer; null: all are answered. */
export function oldestUnanswered(rows: readonly ChatRow[]): string | null {
  const waiting = rows.filter((row) => row.waitingSince !== null && !row.over);
  return sorted(waiting)[0] ?? null;
}

/** The chat that stands `step` places further in the list; round its ends. */
export function neighbour(order: readonly string[], from: string, step: 1 | -1): string | null {
  if (order.length === 0) return null;
  const at = order.indexOf(from);
  const next = at < 0 ? (step > 0 ? 0 : order.length - 1) : (at + step + order.length) % order.length;
  return order[next] ?? null;
}
