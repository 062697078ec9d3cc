// Times as all surfaces show them: today 14:05, this week Tue 14:05, else 12 Nov; in lists now, 4 min, 3 h, 2 d.
// Moments are milliseconds since 1970, shown in the reader's own time zone.

import type { Say } from "../words/catalogue.js";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const WEEK_DAYS = 6;

const formats = new Map<string, Intl.DateTimeFormat>();

/** Making a format is slow, using one is not. */
function format(language: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = language + JSON.stringify(options);
  const found = formats.get(key) ?? new Intl.DateTimeFormat(language, options);
  formats.set(key, found);
  return found;
}

/** `14:05`. */
export function clock(at: number, language: string): string {
  return format(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(at);
}

/** How many midnights lie between two moments. */
export function daysBetween(from: number, to: number): number {
  return Math.round((midnight(to) - midnight(from)) / DAY_MS);
}

function midnight(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}

/** The day that a moment lies in: from its midnight on, to the next one. */
export function dayOf(at: number): { from: number; to: number } {
  const from = midnight(at);
  return { from, to: new Date(from).setDate(new Date(from).getDate() + 1) };
}

/** `14:05` of today, `Tue 14:05` of the last days, else `12 Nov`, with the year where it is another one. */
export function shortTime(at: number, now: number, language: string): string {
  const days = daysBetween(at, now);
  if (days === 0) return clock(at, language);
  if (days > 0 && days <= WEEK_DAYS) {
    return `${format(language, { weekday: "short" }).format(at)} ${clock(at, language)}`;
  }
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return format(language, { day: "numeric", month: "short", ...(!sameYear && { year: "numeric" }) }).format(at);
}

/** All of a moment, for titles: `Tuesday, 12 November 2026 at 14:05:09`. */
export function fullTime(at: number, language: string): string {
  return format(language, { dateStyle: "full", timeStyle: "medium", hourCycle: "h23" }).format(at);
}

/** What stands between the messages of two days: `Today`, `Yesterday`, `Tuesday, 12 November`. */
export function dayName(at: number, now: number, language: string, say: Say): string {
  const days = daysBetween(at, now);
  if (days === 0) return say("today");
  if (days === 1) return say("yesterday");
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  const day = { weekday: "long", day: "numeric", month: "long" } as const;
  return format(language, sameYear ? day : { ...day, year: "numeric" }).format(at);
}

/** `now`, `4 min`, `3 h`, `2 d`: for lists alone. */
export function ago(at: number, now: number, say: Say): string {
  const passed = now - at;
  if (passed < MINUTE_MS) return say("justNow");
  if (passed < HOUR_MS) return say("minutesShort", { n: Math.floor(passed / MINUTE_MS) });
  if (passed < DAY_MS) return say("hoursShort", { n: Math.floor(passed / HOUR_MS) });
  return say("daysShort", { n: Math.floor(passed / DAY_MS) });
}

/** `0:19`, `12:04`: what is left in minutes and seconds; a second that has begun counts. */
export function countdown(leftMs: number): string {
  const seconds = Math.max(0, Math.ceil(leftMs / SECOND_MS));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** `12 kB`, `3.4 MB`, as the language writes it. */
export function fileSize(bytes: number, language: string): string {
  const large = bytes >= 999_500;
  const value = bytes / (large ? 1_000_000 : 1000);
  const unit = large ? "megabyte" : "kilobyte";
  const digits = value < 10 ? 1 : 0;
  return new Intl.NumberFormat(language, { style: "unit", unit, maximumFractionDigits: digits }).format(value);
}
