// A conversation of any length: only what is near the window is drawn. It grows from below, stays where its reader is,
// and reads out what comes, not what was there.

import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useMemo, useReducer, useRef } from "preact/hooks";
import { LogView } from "../log/view.js";
import type { Row } from "../log/rows.js";
import { Button } from "./Button.js";
import { Icon } from "./icons.js";
import { useSpeech } from "./speech.js";

/** What a log shows. */
export interface LogProps {
  readonly rows: readonly Row[];
  readonly draw: (row: Row) => ComponentChildren;
  /** Stands below the last row: who is typing. */
  readonly children?: ComponentChildren;
  /** Whether the reader sees the newest. */
  readonly onAtEnd?: (atEnd: boolean) => void;
}

/** The rows of one conversation; give it a `key` of the conversation's own. */
export function Log({ rows, draw, children, onAtEnd }: LogProps) {
  const { say } = useSpeech();
  const scroller = useRef<HTMLDivElement>(null);
  const log = useLogView(rows, scroller, onAtEnd);
  const { view, news } = log;
  const { from, to } = view.drawn;
  const { above, below } = view.spaces;
  return (
    <div class="log-place">
      <div class="log" role="log" aria-live="off" aria-label={say("conversation")} tabIndex={0} ref={scroller}>
        <div class="log-inside" role="list">
          <div style={{ blockSize: `${above}px` }} role="presentation" />
          {rows.slice(from, to).map((row, place) => (
            <div class="row" role="listitem" key={row.key} data-row={from + place}>
              {draw(row)}
            </div>
          ))}
          <div style={{ blockSize: `${below}px` }} role="presentation" />
        </div>
        {children}
      </div>
      <Announcer rows={rows} />
      {view.atEnd ? null : (
        <div class="newest">
          <Button onClick={log.toEnd}>
            {news > 0 ? say("newMessages", { n: news }) : say("toNewest")}
            <Icon name="down" size={16} />
          </Button>
        </div>
      )}
    </div>
  );
}

interface Scroller {
  readonly current: HTMLDivElement | null;
}

function useLogView(rows: readonly Row[], scroller: Scroller, onAtEnd?: (atEnd: boolean) => void) {
  const view = useMemo(() => new LogView(), []);
  const [, again] = useReducer<number, undefined>((count) => count + 1, 0);
  const seen = useRef(new Set<string>());
  const told = useRef<boolean | null>(null);
  const keys = useMemo(() => rows.map((row) => row.key), [rows]);
  useMemo(() => view.take(keys), [keys]);
  const last = rows.at(-1);
  const own = isMine(last) ? last?.key : undefined;
  // What one says oneself is always shown.
  useMemo(() => own !== undefined && view.toEnd(), [own]);
  const news = newRows(rows, seen.current);
  if (view.atEnd) for (const row of news) seen.current.add(row.key);
  useLayoutEffect(() => {
    if (scroller.current) settle(scroller.current, view, () => again(undefined));
    if (told.current !== view.atEnd) onAtEnd?.(view.atEnd);
    told.current = view.atEnd;
  });
  useEffect(() => {
    const place = scroller.current;
    if (!place) return undefined;
    const onScroll = () => {
      const { drawn, atEnd } = view;
      view.scrolled(place.scrollTop, place.clientHeight, place.scrollHeight);
      if (drawn !== view.drawn || atEnd !== view.atEnd) again(undefined);
    };
    const resizes = new ResizeObserver(() => {
      view.resized(place.clientHeight);
      settle(place, view, () => again(undefined));
    });
    place.addEventListener("scroll", onScroll, { passive: true });
    resizes.observe(place);
    for (const part of Array.from(place.children)) resizes.observe(part);
    return () => {
      place.removeEventListener("scroll", onScroll);
      resizes.disconnect();
    };
  }, []);
  const toEnd = () => {
    view.toEnd();
    again(undefined);
    scroller.current?.focus({ preventScroll: true });
  };
  return { view, toEnd, news: news.filter((row) => row.kind === "message").length };
}

/** Learns how high the drawn rows are, and scrolls so that the reader sees what they saw. */
function settle(place: HTMLDivElement, view: LogView, again: () => void): void {
  const { drawn } = view;
  let changed = false;
  for (const row of Array.from(place.querySelectorAll<HTMLElement>(":scope > .log-inside > [data-row]"))) {
    changed = view.measure(Number(row.dataset["row"]), row.getBoundingClientRect().height) || changed;
  }
  view.resized(place.clientHeight);
  const top = view.top ?? place.scrollHeight;
  if (Math.abs(place.scrollTop - Math.min(top, place.scrollHeight - place.clientHeight)) >= 1) place.scrollTop = top;
  if (changed || drawn !== view.drawn) again();
}

/**
 * The rows of others that are not known yet. From the end: what is new is short, a chat may be long; a message that is
 * known has nothing new before it, while lines may stay below what comes.
 */
function newRows(rows: readonly Row[], known: ReadonlySet<string>): Row[] {
  const news: Row[] = [];
  for (let at = rows.length - 1; at >= 0; at -= 1) {
    const row = rows[at];
    if (!row || isMine(row)) continue;
    if (!known.has(row.key)) news.push(row);
    else if (row.kind === "message") break;
  }
  return news.reverse();
}

function isMine(row: Row | undefined): boolean {
  return row?.kind === "message" && row.entry.author.me;
}

/** Reads out what has come since it was there: the log itself is silent, for scrolling draws rows anew. */
function Announcer({ rows }: { rows: readonly Row[] }) {
  const { say } = useSpeech();
  const known = useRef<Set<string> | null>(null);
  const text = useRef("");
  const first = known.current === null;
  known.current ??= new Set();
  const news = newRows(rows, known.current);
  for (const row of news) known.current.add(row.key);
  if (!first && news.length > 0) {
    const words = news.map((row) => {
      if (row.kind === "line") return row.entry.text;
      return row.kind === "message" ? say("says", { name: row.entry.author.name, text: row.entry.text }) : "";
    });
    text.current = words.filter(Boolean).join("\n");
  }
  return (
    <div class="unseen" aria-live="polite">
      {text.current}
    </div>
  );
}
