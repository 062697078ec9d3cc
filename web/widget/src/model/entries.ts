// What a customer reads of their chat: what was said, what happened in words, what is still on its way.

import { clock, excess, shownFile, shownName, type Author, type Entry, type Said, type Say } from "@handoff/ui";
import type { ChatEvent, Participant } from "@handoff/sdk";
import type { ChatState, Pending } from "../chat/state.js";

/** Before this time a message that waits says nothing of it: most have arrived by then. */
export const LATE_MS = 1000;
/** Of so many rich messages the server takes answers. */
const OPEN_RICH = 32;
const SAID: readonly string[] = ["message", "pushed_url", "rich", "rich_reply", "file_uploaded"];
/** What is told otherwise, or is nobody's concern. */
const SILENT: readonly string[] = ["joined", "left", "read", "renamed", "custom_notice", "nearly_full", "delivery"];

/** How it is said. */
export interface Speaking {
  readonly say: Say;
  readonly language: string;
  readonly now: number;
}

/** A chat as entries of a log. */
export function entries(state: ChatState, speaking: Speaking): Entry[] {
  const people = new Map(state.participants.map((one) => [one.number, one]));
  const richOpen = openRich(state);
  const made = state.events
    .map((event) => entry(event, { state, people, richOpen, speaking }))
    .filter((one) => one !== null);
  for (const pending of state.pending) made.push(waiting(pending, ownAuthor(state, speaking), speaking));
  const end = ending(state, speaking);
  return end ? [...made, end] : made;
}

interface Around {
  readonly state: ChatState;
  readonly people: ReadonlyMap<number, Participant>;
  readonly richOpen: ReadonlySet<number>;
  readonly speaking: Speaking;
}

function entry(event: ChatEvent, around: Around): Entry | null {
  return SAID.includes(event.type) ? said(event, around) : happened(event, around);
}

function said(event: ChatEvent, { state, people, richOpen, speaking }: Around): Said {
  const by = author(event.by, people.get(event.by), speaking.say);
  const text = event.text ?? "";
  return {
    kind: "said",
    key: `e${event.index}`,
    at: event.at,
    author: by,
    text,
    ...(by.me && { state: { at: event.index <= state.seenThrough ? "seen" : "sent" } as const }),
    ...(event.type === "file_uploaded" && { file: shownFile(event.file, text) }),
    ...(event.type === "rich" && {
      rich: { index: event.index, content: event.content, open: richOpen.has(event.index) },
    }),
  };
}

function happened(event: ChatEvent, around: Around): Entry | null {
  const text = happening(event, around);
  return text ? { kind: "happened", key: `e${event.index}`, at: event.at, text } : null;
}

function happening(event: ChatEvent, { people, speaking: { say } }: Around): string {
  const party = people.get(event.by);
  const name = author(event.by, party, say).name;
  if (event.type === "file_deleted") return say("fileRemoved", { name: event.text ?? "" });
  // Of a kind that is not known here: it says in its text what is to be read.
  if (!SILENT.includes(event.type)) return event.text ?? "";
  if (party?.role !== "agent" && party?.role !== "supervisor") return "";
  if (event.type === "joined") return say("joined", { name });
  if (event.type !== "left" || event.reason === "ended") return "";
  return event.reason === "inactive" ? say("agentLost", { name }) : say("left", { name });
}

/** Who somebody is to the customer; who has no name is of the team. */
export function author(number: number, party: Participant | undefined, say: Say): Author {
  const name = shownName(party?.nickname ?? "", say("team"));
  return { id: String(number), name, bot: party?.role === "bot", me: party?.me === true };
}

function ownAuthor(state: ChatState, { say }: Speaking): Author {
  const me = state.participants.find((one) => one.me);
  return me ? author(me.number, me, say) : { id: "me", name: "", bot: false, me: true };
}

/** Rich messages that may still be answered: the newest ones, each once. */
function openRich({ events, phase }: ChatState): Set<number> {
  const open: number[] = [];
  if (phase !== "open") return new Set();
  for (const event of events) {
    if (event.type === "rich") open.push(event.index);
    if (event.type === "rich_reply" && event.to !== null) {
      const at = open.indexOf(event.to);
      if (at >= 0) open.splice(at, 1);
    }
  }
  return new Set(open.slice(-OPEN_RICH));
}

function waiting(pending: Pending, by: Author, { say, now }: Speaking): Said {
  const late = now - pending.at >= LATE_MS;
  return {
    kind: "said",
    key: `p${pending.id}`,
    at: pending.at,
    author: by,
    text: pending.text,
    state: pending.failed ? { at: "failed", reason: refusal(pending, say) } : { at: "waiting", late },
  };
}

/** Why a message was not sent, in words. */
export function refusal({ failed, text, bytesMax }: Pending, say: Say): string {
  if (failed === "too_long" && bytesMax > 0) return say("notSentTooLong", { n: Math.max(1, excess(text, bytesMax)) });
  if (failed === "full") return say("notSentFull");
  return failed === "ended" ? say("notSentEnded") : say("notSent");
}

function ending({ phase, events, gone }: ChatState, { say, language }: Speaking): Entry | null {
  const last = events.at(-1);
  if (phase !== "ended" || gone || !last) return null;
  return { kind: "happened", key: "end", at: last.at, text: say("chatEnded", { time: clock(last.at, language) }) };
}
