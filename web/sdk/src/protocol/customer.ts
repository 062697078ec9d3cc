// Made from docs/schema/customer-socket.json by `npm run generate`: change the server, not this file.

export type HandoffCustomerSocket = FromClient | FromServer;
export type FromClient =
  | StartCommand
  | ResumeCommand
  | SendCommand
  | ReplyCommand
  | LeaveCommand
  | RateCommand
  | TypingCommand
  | ReadCommand
  | AttachCommand
  | PushUrlCommand
  | RenameCommand
  | NoticeCommand;
export type FromServer =
  | StartedAnswer
  | ResumedAnswer
  | PostedAnswer
  | NumberedAnswer
  | DoneAnswer
  | RefusedAnswer
  | HelloFrame
  | BeatFrame
  | MovedFrame
  | ChatFrame
  | QueueFrame;
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

export interface StartCommand {
  /**
   * Makes a repeat on any node the same chat with the same key; must be unguessable.
   */
  client_id?: string | null;
  /**
   * Whether the customer agreed to what the service asks them to (docs/services.md).
   */
  consent?: boolean;
  do: "start";
  email?: string | null;
  first_name?: string | null;
  /**
   * The command's own, in its answer again.
   */
  id: string;
  last_name?: string | null;
  /**
   * Required unless `first_name` and `last_name` are given.
   */
  nickname?: string | null;
  /**
   * As the configuration has it (`services.NAME`).
   */
  service?: string | null;
  /**
   * What it is about.
   */
  subject?: string | null;
  /**
   * A first message.
   */
  text?: string | null;
  /**
   * Attached data, by key.
   */
  user_data?: {
    [k: string]: string;
  };
}
export interface ResumeCommand {
  /**
   * Its id, as the start was answered.
   */
  chat: string;
  do: "resume";
  /**
   * The command's own, in its answer again.
   */
  id: string;
  /**
   * The key that its start was answered with.
   */
  key: string;
  /**
   * The last `next` of this chat.
   */
  position?: number;
}
export interface SendCommand {
  do: "send";
  /**
   * The command's own, in its answer again.
   */
  id: string;
  /**
   * What the sender's and the reader's programs make of it.
   */
  message_type?: string | null;
  /**
   * 1, 2, 3 and so on in a chat.
   */
  number: number;
  /**
   * Who numbers: random, and new with each page or program that sends in this chat. A repeat keeps the run and the number of the first. So a second tab's "ok" with the number of the first tab's "ok" is not taken for its repeat.
   */
  run: string;
  /**
   * Not blank.
   */
  text: string;
}
export interface ReplyCommand {
  /**
   * As in `/schemas/rich-reply.json`.
   */
  content: {
    [k: string]: unknown;
  };
  do: "reply";
  /**
   * The command's own, in its answer again.
   */
  id: string;
  /**
   * 1, 2, 3 and so on in a chat.
   */
  number: number;
  /**
   * Who numbers: random, and new with each page or program that sends in this chat. A repeat keeps the run and the number of the first. So a second tab's "ok" with the number of the first tab's "ok" is not taken for its repeat.
   */
  run: string;
  /**
   * The index of the message.
   */
  to: number;
}
export interface LeaveCommand {
  do: "leave";
  /**
   * The command's own, in its answer again.
   */
  id: string;
  /**
   * 1, 2, 3 and so on in a chat.
   */
  number: number;
  /**
   * Who numbers: random, and new with each page or program that sends in this chat. A repeat keeps the run and the number of the first. So a second tab's "ok" with the number of the first tab's "ok" is not taken for its repeat.
   */
  run: string;
}
export interface RateCommand {
  do: "rate";
  /**
   * The command's own, in its answer again.
   */
  id: string;
  /**
   * 1, 2, 3 and so on in a chat.
   */
  number: number;
  /**
   * Who numbers: random, and new with each page or program that sends in this chat. A repeat keeps the run and the number of the first. So a second tab's "ok" with the number of the first tab's "ok" is not taken for its repeat.
   */
  run: string;
  /**
   * 5 is the best.
   */
  score: number;
  /**
   * What the customer says beside it.
   */
  text?: string | null;
}
export interface TypingCommand {
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
export interface ReadCommand {
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
  /**
   * 1, 2, 3 and so on in a chat.
   */
  number: number;
  /**
   * Who numbers: random, and new with each page or program that sends in this chat. A repeat keeps the run and the number of the first. So a second tab's "ok" with the number of the first tab's "ok" is not taken for its repeat.
   */
  run: string;
}
export interface PushUrlCommand {
  do: "push_url";
  /**
   * The command's own, in its answer again.
   */
  id: string;
  /**
   * 1, 2, 3 and so on in a chat.
   */
  number: number;
  /**
   * Who numbers: random, and new with each page or program that sends in this chat. A repeat keeps the run and the number of the first. So a second tab's "ok" with the number of the first tab's "ok" is not taken for its repeat.
   */
  run: string;
  /**
   * The page's address.
   */
  url: string;
}
export interface RenameCommand {
  do: "rename";
  /**
   * The command's own, in its answer again.
   */
  id: string;
  /**
   * At most 256 bytes of UTF-8.
   */
  nickname: string;
  /**
   * 1, 2, 3 and so on in a chat.
   */
  number: number;
  /**
   * Who numbers: random, and new with each page or program that sends in this chat. A repeat keeps the run and the number of the first. So a second tab's "ok" with the number of the first tab's "ok" is not taken for its repeat.
   */
  run: string;
}
export interface NoticeCommand {
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
   * 1, 2, 3 and so on in a chat.
   */
  number: number;
  /**
   * Who numbers: random, and new with each page or program that sends in this chat. A repeat keeps the run and the number of the first. So a second tab's "ok" with the number of the first tab's "ok" is not taken for its repeat.
   */
  run: string;
  /**
   * Whatever the programs understand.
   */
  text: string;
}
export interface StartedAnswer {
  /**
   * The command's id.
   */
  answer: string;
  /**
   * Its id.
   */
  chat: string;
  /**
   * What it is resumed with; nobody else's.
   */
  key: string;
  /**
   * The number of the first command.
   */
  next_command: number;
  /**
   * The command was carried out, and what it did is committed.
   */
  ok: true;
}
export interface ResumedAnswer {
  /**
   * The command's id.
   */
  answer: string;
  /**
   * The number of the next command.
   */
  next_command: number;
  /**
   * The command was carried out, and what it did is committed.
   */
  ok: true;
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
   * The command's number.
   */
  number: number;
  /**
   * The command was carried out, and what it did is committed.
   */
  ok: true;
}
export interface NumberedAnswer {
  /**
   * The command's id.
   */
  answer: string;
  /**
   * The command's number.
   */
  number: number;
  /**
   * The command was carried out, and what it did is committed.
   */
  ok: true;
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
export interface QueueFrame {
  /**
   * Its id.
   */
  chat: string;
  event: "queue";
  /**
   * Its place in line, 1 being the next; null: it waits no longer.
   */
  place: number | null;
  /**
   * How long it may take until an agent is there, in seconds, rounded; null: nothing is known.
   */
  wait_s: number | null;
}
