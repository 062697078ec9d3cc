// One connection to one node, whatever it goes over. The link above does not know which it is.

/** How a connection ended. */
export interface Closing {
  /** Something that was sent is larger than the way there takes. */
  readonly tooLarge?: boolean;
  /** The server asks for patience. */
  readonly patience?: boolean;
  /** For how long at least, in milliseconds. */
  readonly retryMs?: number;
}

/** What a connection asks of the link, and tells it. */
export interface Ends {
  /** The frame that begins a connection, made anew each time: start, resume or sign in. Null: not any more. */
  opening(): string | null;
  /** A frame came; hello is the first. */
  heard(frame: object): void;
  /** There is a sign of life, of whatever kind. */
  alive(): void;
  /** It is over, by itself. Called once, and never after `close`. */
  closed(closing: Closing): void;
}

/** A connection. It begins to connect when it is made, and sends the opening frame by itself. */
export interface Transport {
  /** The longest silence in milliseconds, before hello and after it: then it is dead whatever it says of itself. */
  readonly silenceMs: { readonly hello: number; readonly open: number };
  /** How many bytes a frame may have that is sent now, where the server takes `bytesMax`. */
  room(bytesMax: number): number;
  /** Sends a frame. */
  send(json: string): void;
  /** Ends it; nothing more is told. */
  close(): void;
}

/** Whether a frame is the server's first. */
export function isHello(frame: object): boolean {
  return "event" in frame && frame.event === "hello";
}
