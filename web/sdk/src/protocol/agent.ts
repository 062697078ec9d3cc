// Made from docs/schema/agent-socket.json by `npm run generate`: change the server, not this file.

export type HandoffAgentSocket = FromClient | FromServer;
export type FromClient =
  | SignInCommand
  | SignOutCommand
  | ReadyCommand
  | NotReadyCommand
  | AcceptCommand
  | DeclineCommand
  | SendCommand
  | SendRichCommand
  | TypingCommand
  | LeaveCommand
  | ReadCommand
  | AttachCommand
  | PushUrlCommand
  | NoticeCommand
  | WatchQueuesCommand
  | OverseeCommand
  | HistoryCommand
  | TranscriptCommand;
export type FromServer =
  | SignedInAnswer
  | DeskChangedAnswer
  | PostedAnswer
  | PastAnswer
  | PageAnswer
  | DoneAnswer
  | RefusedAnswer
  | HelloFrame
  | BeatFrame
  | MovedFrame
  | ChatFrame
  | DeskFrame
  | TokenFrame
  | QueuesFrame
  | OverviewFrame;
/**
 * What a program can tell failures apart by. Codes may be added.
 */
export type ErrorCode =
  | "bad_command"
  | "again"
  | "busy"
  | "limited"
  | "full_node"
  | "too_long"
  | "full"
  | "ended"
  | "unknown_chat"
  | "unknown_service"
  | "id_in_use"
  | "not_allowed"
  | "unknown"
  | "wrong_key"
  | "expected"
  | "not_started"
  | "not_signed_in"
  | "wrong_password"
  | "token_expired"
  | "slow_down"
  | "no_claim"
  | "has_chats"
  | "bad_rich"
  | "no_question"
  | "misfit"
  | "window_closed"
  | "file"
  | "missing_field"
  | "bad_field"
  | "no_consent"
  | "not_ended"
  | "rated"
  | "no_ratings";
/**
 * Something that happened in a chat. Kinds may be added: of one that you do not know show its text as a line, or nothing where it has none.
 */
export type ChatEvent = {
  /**
   * Milliseconds since 1970.
   */
  at: number;
  /**
   * The number of the participant whose doing it is; 0: the system.
   */
  by: number;
  /**
   * Strictly increasing, with gaps; never used twice.
   */
  index: number;
  /**
   * Agents alone: customers are not shown it. Left out where they are.
   */
  internal?: boolean;
  /**
   * The type that its sender gave it.
   */
  message_type: string | null;
  /**
   * Of `left`: `left`, `inactive`, `removed`, `ended` or `idle`; of a `delivery` that failed: why.
   */
  reason: string | null;
  /**
   * What was said; of a pushed page its address, of a renamed participant the new nickname, of a file its name, of a rich message or its answer the same in words.
   */
  text: string | null;
} & ChatEvent1;
export type ChatEvent1 =
  | {
      type: "joined";
    }
  | {
      type: "left";
    }
  | {
      type: "message";
    }
  | {
      type: "custom_notice";
    }
  | {
      type: "pushed_url";
    }
  | {
      type: "renamed";
    }
  | {
      /**
       * The index up to which they have read.
       */
      through: number | null;
      type: "read";
    }
  | {
      /**
       * The whole message, as in `/schemas/rich-message.json`.
       */
      content: {
        [k: string]: unknown;
      };
      type: "rich";
    }
  | {
      /**
       * The whole answer, as in `/schemas/rich-reply.json`.
       */
      content: {
        [k: string]: unknown;
      };
      /**
       * The index of the message that is answered.
       */
      to: number | null;
      type: "rich_reply";
    }
  | {
      /**
       * What is known of it beside its name.
       */
      file: ChatFile;
      type: "file_uploaded";
    }
  | {
      /**
       * The one that was there.
       */
      file: ChatFileId;
      type: "file_deleted";
    }
  | {
      type: "nearly_full";
    }
  | {
      type: "idle_alert";
    }
  | {
      type: "idle_close";
    }
  | {
      /**
       * The event's index.
       */
      of: number | null;
      /**
       * Where it is on its way.
       */
      state: DeliveryState;
      type: "delivery";
    };
/**
 * How far an event has come on the customer's channel.
 */
export type DeliveryState = "sent" | "delivered" | "read" | "failed";
/**
 * What somebody is in a chat.
 */
export type Role = "customer" | "agent" | "bot" | "supervisor" | "workflow" | "system";
export type DeskState = "ready" | "not_ready" | "signed_out";
/**
 * An offer or a chat of the agent.
 */
export type DeskWork = {
  chat: string;
  customer: DeskCustomer;
  /**
   * The queue that it came from.
   */
  queue: string;
} & DeskWork1;
export type DeskWork1 =
  | {
      /**
       * How long it still rings, in milliseconds.
       */
      left_ms: number;
      stage: "offered";
      /**
       * When it times out, in milliseconds since 1970.
       */
      until: number;
    }
  | {
      stage: "accepting";
    }
  | {
      stage: "chatting";
    }
  | {
      stage: "over";
      /**
       * How it came to be over.
       */
      why: OverWhy;
    };
export type OverWhy = "timed_out" | "abandoned" | "left" | "ended" | "lost";

export interface SignInCommand {
  do: "sign_in";
  /**
   * The command's own, in its answer again.
   */
  id: string;
  /**
   * As the configuration has it (`agents.NAME`).
   */
  name: string;
  /**
   * Required unless there is a token.
   */
  password?: string | null;
  /**
   * Per chat the last `next`, until the chat's `ended`; 256 at most.
   */
  positions?: {
    [k: string]: number;
  };
  /**
   * The one that was given last.
   */
  token?: string | null;
  /**
   * The last desk's `version`, where there was one: the desk comes first when it is another.
   */
  version?: number | null;
}
export interface SignOutCommand {
  do: "sign_out";
  /**
   * The command's own, in its answer again.
   */
  id: string;
}
export interface ReadyCommand {
  do: "ready";
  /**
   * The command's own, in its answer again.
   */
  id: string;
}
export interface NotReadyCommand {
  do: "not_ready";
  /**
   * The command's own, in its answer again.
   */
  id: string;
  /**
   * Shown beside the status.
   */
  reason?: string;
}
export interface AcceptCommand {
  /**
   * The offered chat.
   */
  chat: string;
  do: "accept";
  /**
   * The command's own, in its answer again.
   */
  id: string;
}
export interface DeclineCommand {
  /**
   * The offered chat.
   */
  chat: string;
  do: "decline";
  /**
   * The command's own, in its answer again.
   */
  id: string;
}
export interface SendCommand {
  /**
   * A chat that the agent is in.
   */
  chat: string;
  do: "send";
  /**
   * The command's own, in its answer again.
   */
  id: string;
  /**
   * Whether agents alone see it: neither the customer nor bots.
   */
  internal?: boolean;
  /**
   * What the sender's and the reader's programs make of it.
   */
  message_type?: string | null;
  /**
   * Not blank.
   */
  text: string;
}
export interface SendRichCommand {
  /**
   * A chat that the agent is in.
   */
  chat: string;
  /**
   * As in `/schemas/rich-message.json`.
   */
  content: {
    [k: string]: unknown;
  };
  do: "send_rich";
  /**
   * The command's own, in its answer again.
   */
  id: string;
}
export interface TypingCommand {
  /**
   * A chat that the agent is in.
   */
  chat: string;
  do: "typing";
  /**
   * The command's own, in its answer again.
   */
  id: string;
  /**
   * What was typed so far.
   */
  preview?: string | null;
  /**
   * Whether they type.
   */
  started: boolean;
}
export interface LeaveCommand {
  /**
   * A chat that the agent is in.
   */
  chat: string;
  do: "leave";
  /**
   * What becomes of it.
   */
  how?: "keep_alive" | "close_if_no_agents" | "force_close";
  /**
   * The command's own, in its answer again.
   */
  id: string;
}
export interface ReadCommand {
  /**
   * A chat that the agent is in.
   */
  chat: string;
  do: "read";
  /**
   * The command's own, in its answer again.
   */
  id: string;
  /**
   * One past the last index that was read.
   */
  position: number;
}
export interface AttachCommand {
  /**
   * A chat that the agent is in.
   */
  chat: string;
  /**
   * Texts by their key.
   */
  data: {
    [k: string]: string;
  };
  do: "attach";
  /**
   * The command's own, in its answer again.
   */
  id: string;
}
export interface PushUrlCommand {
  /**
   * A chat that the agent is in.
   */
  chat: string;
  do: "push_url";
  /**
   * The command's own, in its answer again.
   */
  id: string;
  /**
   * The page's address.
   */
  url: string;
}
export interface NoticeCommand {
  /**
   * A chat that the agent is in.
   */
  chat: string;
  do: "notice";
  /**
   * The command's own, in its answer again.
   */
  id: string;
  /**
   * What kind of notice it is, to the programs.
   */
  message_type?: string | null;
  /**
   * Whatever the programs understand.
   */
  text: string;
}
export interface WatchQueuesCommand {
  do: "watch_queues";
  /**
   * The command's own, in its answer again.
   */
  id: string;
  /**
   * Whether it is shown.
   */
  on: boolean;
}
export interface OverseeCommand {
  /**
   * Which chats are shown; all of them where nothing is said.
   */
  chats?: ChatFilter;
  do: "oversee";
  /**
   * The command's own, in its answer again.
   */
  id: string;
  /**
   * Whether it is shown.
   */
  on: boolean;
}
/**
 * Which chats a supervisor wants to see.
 */
export interface ChatFilter {
  /**
   * Only those offered to or with this agent.
   */
  agent?: string | null;
  /**
   * Only those that wait in or came from this queue.
   */
  queue?: string | null;
  /**
   * Only those of this service.
   */
  service?: string | null;
  /**
   * `open`, `ended`, `asleep` or `out of service`; not given: any.
   */
  state?: string | null;
}
export interface HistoryCommand {
  /**
   * An offered chat, or one that the agent is in.
   */
  chat: string;
  do: "history";
  /**
   * The command's own, in its answer again.
   */
  id: string;
}
export interface TranscriptCommand {
  /**
   * One of `records` in the answer to `history`.
   */
  chat: string;
  do: "transcript";
  /**
   * The `next` of the page before; not given: the first page.
   */
  from?: number;
  /**
   * The command's own, in its answer again.
   */
  id: string;
}
export interface SignedInAnswer {
  /**
   * The command's id.
   */
  answer: string;
  /**
   * How many chats they take at the same time.
   */
  capacity: number;
  /**
   * How long their chats stay theirs when nothing is heard of any of their windows, in milliseconds.
   */
  grace_ms: number;
  /**
   * How customers see the agent.
   */
  nickname: string;
  /**
   * The command was carried out, and what it did is committed.
   */
  ok: true;
  /**
   * From which they are offered chats.
   */
  queues: string[];
  /**
   * Whether they may see the overview.
   */
  supervisor: boolean;
  /**
   * Good for 12 hours; null where the node can make none.
   */
  token: string | null;
}
export interface DeskChangedAnswer {
  /**
   * The command's id.
   */
  answer: string;
  /**
   * The command was carried out, and what it did is committed.
   */
  ok: true;
  /**
   * The desk's version with the change in it.
   */
  version: number;
}
export interface PostedAnswer {
  /**
   * The command's id.
   */
  answer: string;
  /**
   * The message's index.
   */
  index: number | null;
  /**
   * The command was carried out, and what it did is committed.
   */
  ok: true;
}
export interface PastAnswer {
  /**
   * The command's id.
   */
  answer: string;
  /**
   * Who the customer is; null where nothing is known.
   */
  contact: Contact | null;
  /**
   * The history of customers who are not verified is not shown (`contacts.history = "verified"`): then `records` is empty whether there are any or not, and `contact` has but what was said in this chat.
   */
  hidden: boolean;
  /**
   * The command was carried out, and what it did is committed.
   */
  ok: true;
  /**
   * Their earlier chats, newest first.
   */
  records: EarlierChat[];
}
/**
 * The customer of a chat, as far as they are known.
 */
export interface Contact {
  email: string;
  /**
   * Empty where it is not known, as the other two.
   */
  first_name: string;
  /**
   * Null where nothing finds them again, and where their history is hidden.
   */
  id: string | null;
  last_name: string;
  /**
   * When they first came, in milliseconds since 1970; null where their history is hidden.
   */
  since: number | null;
  /**
   * Whether the site signed who starts this chat; else what finds the contact is only said.
   */
  verified: boolean;
}
/**
 * An earlier chat of a customer.
 */
export interface EarlierChat {
  chat: string;
  /**
   * Milliseconds since 1970; null: it has not ended.
   */
  ended_at: number | null;
  service: string;
  /**
   * Milliseconds since 1970.
   */
  started_at: number;
  subject: string;
  /**
   * Whether the site signed who started it.
   */
  verified: boolean;
}
export interface PageAnswer {
  /**
   * The command's id.
   */
  answer: string;
  /**
   * The `from` of the page that follows; null: this is the last.
   */
  next: number | null;
  /**
   * The command was carried out, and what it did is committed.
   */
  ok: true;
  /**
   * In the form of the admin API's JSON, of the page's own events alone: service, subject and contact stand in the first page, a participant in the page where they joined, `endedAt` in the last.
   */
  record: {
    [k: string]: unknown;
  };
}
export interface DoneAnswer {
  /**
   * The command's id.
   */
  answer: string;
  /**
   * The command was carried out, and what it did is committed.
   */
  ok: true;
}
export interface RefusedAnswer {
  /**
   * The command's id; null where it has none that can be read.
   */
  answer: string | null;
  /**
   * What stands in its way.
   */
  error: Error;
  /**
   * The command was not carried out.
   */
  ok: false;
}
/**
 * Why a command is answered `ok: false`.
 */
export interface Error {
  /**
   * Of `too_long`: the longest text, in bytes of UTF-8.
   */
  bytes_max?: number;
  /**
   * Of `window_closed`, in milliseconds since 1970.
   */
  closed_at?: number;
  code: ErrorCode;
  /**
   * Of `full`: the most events of a chat.
   */
  events_max?: number;
  /**
   * Of `expected`: the number that is taken next.
   */
  expected?: number;
  /**
   * Of `missing_field` and `bad_field`: the field, as it is given; attached data as `user_data.KEY`.
   */
  field?: string;
  /**
   * A sentence in English.
   */
  message: string;
  /**
   * Whether the same command may be given again.
   */
  retry: boolean;
  /**
   * Of `limited`, `full_node` and `slow_down`: when to try again, in milliseconds from now.
   */
  retry_ms?: number;
}
export interface HelloFrame {
  event: "hello";
  /**
   * The node's number.
   */
  node: number | null;
  /**
   * The `public_url` of each node that serves, this one first; none behind a balancer.
   */
  nodes: string[];
  /**
   * The protocol's version.
   */
  version: 1;
}
export interface BeatFrame {
  event: "beat";
}
export interface MovedFrame {
  event: "moved";
  /**
   * Where to go on; none: as before, by the balancer.
   */
  nodes: string[];
}
export interface ChatFrame {
  /**
   * The customer's channel, in the first frame and when it changed. Agents alone are shown it.
   */
  channel?: CustomerChannel;
  /**
   * Its id.
   */
  chat: string;
  /**
   * The chat has ended for the reader; nothing more comes.
   */
  ended: boolean;
  event: "chat";
  /**
   * In the order of their index.
   */
  events: ChatEvent[];
  /**
   * The position to resume from.
   */
  next: number;
  /**
   * All of them, in the first frame and when they changed.
   */
  participants?: ChatParticipant[];
  /**
   * Who types, and who no longer does.
   */
  typing: ChatTyping[];
}
/**
 * The customer's channel as those see it who answer them: what it can show, and until when and how often they may be answered.
 */
export interface CustomerChannel {
  /**
   * Files shown; null: none.
   */
  files: ChannelFiles | null;
  /**
   * `gms`, `cometd`, `native`, or the kind and the name of another one (`webhook:shop`).
   */
  name: string;
  /**
   * Whether customers see what was read.
   */
  receipts: boolean;
  /**
   * The kinds of rich messages shown; of others their text is.
   */
  rich: string[];
  /**
   * The longest text in bytes of UTF-8; 0: as long as a message may be.
   */
  text_bytes_max: number;
  /**
   * Whether customers see that somebody types.
   */
  typing: boolean;
  /**
   * The reply window; null: the customer may always be answered.
   */
  window: ReplyWindow | null;
}
/**
 * Which files a channel can show.
 */
export interface ChannelFiles {
  /**
   * 0: as large as a file may be.
   */
  bytes_max: number;
  /**
   * Media types; none: any.
   */
  types: string[];
}
/**
 * A reply window.
 */
export interface ReplyWindow {
  /**
   * The `message_type` of what may be sent after it closed.
   */
  after: string | null;
  /**
   * How many messages may still follow; null: any number.
   */
  left: number | null;
  /**
   * When it closes, in milliseconds since 1970; null: the customer has not written yet.
   */
  until: number | null;
}
/**
 * A file of a chat.
 */
export interface ChatFile {
  /**
   * Its size in bytes.
   */
  bytes: number;
  /**
   * What its sender says of it.
   */
  description: string;
  /**
   * 16 hex digits.
   */
  id: string;
  /**
   * By its content.
   */
  media_type: string;
}
/**
 * A file that is gone.
 */
export interface ChatFileId {
  /**
   * 16 hex digits.
   */
  id: string;
}
/**
 * Somebody who takes part in the chat.
 */
export interface ChatParticipant {
  /**
   * Whether this is the reader.
   */
  me: boolean;
  /**
   * How they are called.
   */
  nickname: string;
  /**
   * Their number in the reader's view.
   */
  number: number;
  /**
   * What they are.
   */
  role: Role;
  /**
   * 16 hex digits; nobody else's.
   */
  user_id: string;
}
/**
 * Somebody types, or no longer does.
 */
export interface ChatTyping {
  /**
   * Milliseconds since 1970.
   */
  at: number;
  /**
   * The participant's number.
   */
  by: number;
  index: number;
  /**
   * What was typed so far; agents alone are shown it.
   */
  preview: string | null;
  started: boolean;
}
export interface DeskFrame {
  event: "desk";
  status: DeskStatus;
  /**
   * Rises with each change.
   */
  version: number;
  /**
   * The agent's offers and chats.
   */
  work: DeskWork[];
}
/**
 * Whether the agent takes chats.
 */
export interface DeskStatus {
  /**
   * Of `not_ready`: what the agent gave.
   */
  reason: string | null;
  state: DeskState;
}
/**
 * The customer, as agents see them before they take the chat.
 */
export interface DeskCustomer {
  /**
   * Attached data: at most 64 keys, whole to 8 KiB; beyond it, a value over 256 bytes is cut, and ends with an ellipsis.
   */
  data: {
    [k: string]: string;
  };
  /**
   * How many keys of attached data are missing or cut.
   */
  left_out: number;
  nickname: string;
  /**
   * Higher goes first.
   */
  priority: number;
  /**
   * Since when they have waited, in milliseconds since 1970.
   */
  since: number;
  subject: string;
  /**
   * Whether the site signed who the customer is; else it is only said.
   */
  verified: boolean;
}
export interface TokenFrame {
  event: "token";
  /**
   * Good for 12 hours from now on.
   */
  token: string;
}
export interface QueuesFrame {
  /**
   * When it was looked at, in milliseconds since 1970.
   */
  at: number;
  event: "queues";
  /**
   * Some nodes could not be asked: more may wait.
   */
  partial: boolean;
  /**
   * In order of name. One that is not there has never had a chat.
   */
  queues: OverviewQueue[];
}
export interface OverviewQueue {
  /**
   * How many agents could take a chat.
   */
  free_agents: number;
  name: string;
  /**
   * Why nobody may ever come for those who wait: `not configured` or `no agent serves it`; null: somebody may.
   */
  trouble: string | null;
  /**
   * How many chats wait.
   */
  waiting: number;
  /**
   * Since when the first has waited, in milliseconds since 1970; null: none waits.
   */
  waits_since: number | null;
}
export interface OverviewFrame {
  /**
   * Agents who ever signed in, in order of name.
   */
  agents?: OverviewAgent[];
  /**
   * When it was looked at, in milliseconds since 1970.
   */
  at: number;
  /**
   * Chats that are wanted, the oldest first; 1,000 at most.
   */
  chats?: OverviewChat[];
  event: "overview";
  /**
   * Some nodes could not be asked: more may be there.
   */
  partial: boolean;
  /**
   * Queues, in order of name.
   */
  queues?: OverviewQueue[];
}
export interface OverviewAgent {
  /**
   * The most they take; null: not known.
   */
  capacity: number | null;
  name: string;
  /**
   * As customers see it; null: they are not in service.
   */
  nickname: string | null;
  /**
   * Why they are not ready; `no answer` where an offer timed out, `lost` where their windows were gone.
   */
  reason: string | null;
  /**
   * Since when, in milliseconds since 1970; null: not known.
   */
  since: number | null;
  /**
   * `ready`, `not ready`, `signed out` or `out of service`.
   */
  state: string;
  /**
   * How many offers and chats they have.
   */
  work: number;
}
export interface OverviewChat {
  /**
   * The agent it is offered to or with.
   */
  agent: string | null;
  chat: string;
  /**
   * `workflow`, `queue`, `offer`, `agent` or `done`; null: no workflow routes it.
   */
  place: string | null;
  /**
   * The queue it waits in or came from.
   */
  queue: string | null;
  service: string | null;
  /**
   * In milliseconds since 1970; null: not known.
   */
  started_at: number | null;
  /**
   * `open`, `ended`, `asleep` or `out of service`.
   */
  state: string;
}
