// Who says what over which socket, and how it is answered.

import type * as agent from "./protocol/agent.js";
import type * as customer from "./protocol/customer.js";

/** What a kind of client and the server say to each other. */
export interface Talk {
  /** What the client says, told apart by `do`. */
  command: { id: string; do: string };
  /** What the server answers, by `do`. */
  answers: object;
  /** What the server says of itself, told apart by `event`. */
  event: { event: string };
}

/** What customers say and hear. */
export interface CustomerTalk extends Talk {
  command: customer.FromClient;
  answers: {
    start: customer.StartedAnswer;
    resume: customer.ResumedAnswer;
    send: customer.PostedAnswer;
    reply: customer.PostedAnswer;
    leave: customer.DoneAnswer;
    rate: customer.DoneAnswer;
    typing: customer.DoneAnswer;
    read: customer.DoneAnswer;
    attach: customer.NumberedAnswer;
    push_url: customer.NumberedAnswer;
    rename: customer.NumberedAnswer;
    notice: customer.NumberedAnswer;
  };
  event: customer.HelloFrame | customer.BeatFrame | customer.MovedFrame | customer.ChatFrame | customer.QueueFrame;
}

/** What agents say and hear. */
export interface AgentTalk extends Talk {
  command: agent.FromClient;
  answers: {
    sign_in: agent.SignedInAnswer;
    sign_out: agent.DeskChangedAnswer;
    ready: agent.DeskChangedAnswer;
    not_ready: agent.DeskChangedAnswer;
    accept: agent.DeskChangedAnswer;
    decline: agent.DeskChangedAnswer;
    leave: agent.DeskChangedAnswer;
    send: agent.PostedAnswer;
    send_rich: agent.PostedAnswer;
    typing: agent.DoneAnswer;
    read: agent.DoneAnswer;
    attach: agent.DoneAnswer;
    push_url: agent.DoneAnswer;
    notice: agent.DoneAnswer;
    history: agent.PastAnswer;
    transcript: agent.PageAnswer;
    watch_queues: agent.DoneAnswer;
    oversee: agent.DoneAnswer;
  };
  event:
    | agent.HelloFrame
    | agent.BeatFrame
    | agent.MovedFrame
    | agent.ChatFrame
    | agent.DeskFrame
    | agent.TokenFrame
    | agent.QueuesFrame
    | agent.OverviewFrame;
}

/** What can be done, by its name. */
export type Do<T extends Talk> = T["command"]["do"] & keyof T["answers"];

/** Each of a union without some of its fields. */
export type Without<Union, Fields extends PropertyKey> = Union extends unknown ? Omit<Union, Fields> : never;

/** The fields of a command, without its id and its name. */
export type Fields<T extends Talk, D extends Do<T>> = Without<Extract<T["command"], { do: D }>, "id" | "do">;

/** A command without its id. */
export type Command<T extends Talk> = Without<T["command"], "id">;
