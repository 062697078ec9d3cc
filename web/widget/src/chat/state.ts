// How a chat stands, as plain data: one tab talks to the server, and tells the others this.

import type { ChatEvent, Participant } from "@handoff/sdk";

/** Where a chat is in its life. */
export type Phase = "idle" | "starting" | "open" | "leaving" | "ended";

/** How the connection is. */
export type Connection = "closed" | "connecting" | "open" | "reconnecting";

/** A message of the customer's that is not in the chat yet. */
export interface Pending {
  readonly id: string;
  readonly text: string;
  /** When it was written. */
  readonly at: number;
  /** Why it was refused for good, as the server's code; empty: it waits. */
  readonly failed: string;
  /** Of `too_long`: the longest text in bytes of UTF-8. */
  readonly bytesMax: number;
}

/** Where a customer stands in the line. */
export interface Place {
  /** 1: the next. */
  readonly place: number;
  /** The expected wait in seconds; null: not known. */
  readonly waitS: number | null;
}

/** What can be said of files. */
export interface FileState {
  /** Whether one may be sent now. */
  readonly takes: boolean;
  /** The name of the one that is on its way; empty: none is. */
  readonly sending: string;
  /** How much of it is sent, from 0 to 1. */
  readonly part: number;
  /** The last one is shown when it has been looked through. */
  readonly held: boolean;
  /** Why the last one was not sent, as a code; empty: it was. */
  readonly problem: string;
}

/** How it is with the rating. */
export type Rated = "no" | "sending" | "yes" | "failed";

/** All that a widget shows of a chat. */
export interface ChatState {
  readonly phase: Phase;
  /** The chat's id; empty: there is none yet. */
  readonly chat: string;
  readonly connection: Connection;
  /** Why the last start was refused, as the server's code; empty: it was not. */
  readonly refused: string;
  /** The field that the refusal names. */
  readonly refusedField: string;
  /** The chat is there no more. */
  readonly gone: boolean;
  readonly events: readonly ChatEvent[];
  readonly participants: readonly Participant[];
  /** Up to which index somebody else has read. */
  readonly seenThrough: number;
  /** Numbers of those who type now. */
  readonly typing: readonly number[];
  readonly pending: readonly Pending[];
  /** How many messages of others were not read. */
  readonly unread: number;
  readonly queue: Place | null;
  readonly files: FileState;
  readonly rated: Rated;
  /** The longest message in bytes of UTF-8; null: not known. */
  readonly bytesMax: number | null;
  /** By how many milliseconds the clock here is behind the one of the chat's moments, where it is wrong by far. */
  readonly clockBehind: number;
}

/** No chat. */
export const NO_CHAT: ChatState = {
  phase: "idle",
  chat: "",
  connection: "closed",
  refused: "",
  refusedField: "",
  gone: false,
  events: [],
  participants: [],
  seenThrough: 0,
  typing: [],
  pending: [],
  unread: 0,
  queue: null,
  files: { takes: false, sending: "", part: 0, held: false, problem: "" },
  rated: "no",
  bytesMax: null,
  clockBehind: 0,
};

/** What a chat is started with. */
export interface StartForm {
  readonly service: string;
  readonly nickname?: string;
  readonly first_name?: string;
  readonly last_name?: string;
  readonly email?: string;
  readonly subject?: string;
  readonly text?: string;
  readonly consent?: boolean;
  readonly user_data?: Readonly<Record<string, string>>;
}

/** What can be asked of a chat. */
export type ChatCommand =
  | { readonly do: "start"; readonly form: StartForm }
  | { readonly do: "send"; readonly text: string }
  | { readonly do: "again" | "remove"; readonly id: string }
  | { readonly do: "reply"; readonly to: number; readonly content: Readonly<Record<string, unknown>> }
  | { readonly do: "typing"; readonly text: string }
  | { readonly do: "attach"; readonly data: Readonly<Record<string, string>> }
  | { readonly do: "file"; readonly file: File }
  | { readonly do: "rate"; readonly score: number; readonly text: string }
  | { readonly do: "cancel_file" | "read" | "leave" | "reset" | "wake" };

/** A chat, whichever tab talks for it. */
export interface Talk {
  ask(command: ChatCommand): void;
  /** Fetches a file's bytes; rejects when nobody gives them. */
  file(id: string): Promise<Blob>;
  close(): void;
}
