// What stands in a conversation, row for row: messages with who and when, lines about what happened, days.

import { daysBetween, dayOf } from "../text/times.js";

/** Messages of one author within this time stand together under one name. */
const TOGETHER_MS = 2 * 60_000;

/** Who wrote something, as it is shown. */
export interface Author {
  /** What tells authors apart. */
  readonly id: string;
  readonly name: string;
  readonly bot: boolean;
  /** The reader. */
  readonly me: boolean;
}

/** Where a message of the reader's own is on its way. */
export type SendState =
  | { readonly at: "waiting"; readonly late: boolean }
  | { readonly at: "sent" }
  | { readonly at: "seen" }
  | { readonly at: "failed"; readonly reason: string };

/** A file that stands in a conversation. */
export interface FileShown {
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
  /** What it is by its content, as a media type. */
  readonly type: string;
}

/**
 * A file as it is shown.
 * @param file as the server describes it
 * @param name what it is called in the chat
 */
export function shownFile(file: { id: string; bytes: number; media_type: string }, name: string): FileShown {
  return { id: file.id, name, bytes: file.bytes, type: file.media_type };
}

/** What a rich message offers; `content` is as `/schemas/rich-message.json` has it. */
export interface RichShown {
  readonly index: number;
  readonly content: Readonly<Record<string, unknown>>;
  /** Whether it can still be answered. */
  readonly open: boolean;
}

/** Something that was said. */
export interface Said {
  readonly kind: "said";
  /** Tells it apart from all other entries, and stays the same. */
  readonly key: string;
  readonly at: number;
  readonly author: Author;
  readonly text: string;
  /** Of the reader's own. */
  readonly state?: SendState;
  /** Only agents see it. */
  readonly internal?: boolean;
  readonly file?: FileShown;
  readonly rich?: RichShown;
}

/** Something that happened, in words. */
export interface Happened {
  readonly kind: "happened";
  readonly key: string;
  readonly at: number;
  readonly text: string;
}

/** What a conversation is made of, in order. */
export type Entry = Said | Happened;

/** A row as it is drawn. */
export type Row =
  | { readonly kind: "day"; readonly key: string; readonly at: number }
  | { readonly kind: "line"; readonly key: string; readonly entry: Happened }
  | {
      readonly kind: "message";
      readonly key: string;
      readonly entry: Said;
      readonly head: boolean;
      readonly seen: boolean;
    };

/**
 * The rows of a conversation: a day before the first entry of each (before the first of all only where it is not
 * today), a name before the first message of those that stand together.
 */
export function rows(entries: readonly Entry[], now: number): Row[] {
  const made: Row[] = [];
  let above: Entry | null = null;
  let day = { from: 0, to: 0 };
  for (const entry of entries) {
    const first = made.length === 0;
    const another = entry.at < day.from || entry.at >= day.to;
    if (another) day = dayOf(entry.at);
    if (another && (!first || daysBetween(entry.at, now) > 0)) {
      made.push({ kind: "day", key: `day ${entry.key}`, at: entry.at });
      above = null;
    }
    if (entry.kind === "happened") made.push({ kind: "line", key: entry.key, entry });
    else made.push({ kind: "message", key: entry.key, entry, head: !together(above, entry), seen: false });
    above = entry;
  }
  return withSeen(made);
}

function together(above: Entry | null, entry: Said): boolean {
  if (above?.kind !== "said" || above.author.id !== entry.author.id) return false;
  if (Boolean(above.internal) !== Boolean(entry.internal) || late(above) !== late(entry)) return false;
  return entry.at - above.at <= TOGETHER_MS;
}

function late(entry: Said): boolean {
  return entry.state?.at === "waiting" && entry.state.late;
}

/** A name line says "seen" when all that stands under it was: so nothing moves when that comes. */
function withSeen(made: Row[]): Row[] {
  let all = true;
  for (let at = made.length - 1; at >= 0; at -= 1) {
    const row = made[at];
    if (row?.kind !== "message") {
      all = true;
      continue;
    }
    all &&= row.entry.state?.at === "seen";
    if (!row.head) continue;
    if (all) made[at] = { ...row, seen: true };
    all = true;
  }
  return made;
}
