// What both clients are made with.

import { Link, type LinkOptions } from "./link.js";
import { Nodes } from "./nodes.js";
import { Platform, type PlatformOptions } from "./platform.js";
import type { Talk } from "./protocol.js";
import { memoryStore, type Store } from "./store.js";
import type { WayOption } from "./ways.js";

/** The server's `http.body_bytes_max`, unless it was set to something else. */
const FRAME_BYTES_MAX = 65_536;

/** What every client is made with. */
export interface ClientOptions extends PlatformOptions {
  /**
   * Base URLs of nodes, such as `https://chat.example.com`: the balancer's one, or those of some nodes. Which others there are
   * is learned from them.
   */
  nodes: readonly string[];
  /** Keeps what must survive a reload; by default nothing does. */
  store?: Store;
  /** `auto`: WebSockets, and where these are blocked long polling over HTTP. */
  transport?: WayOption;
  /** The largest frame that the server takes, in bytes: its `http.body_bytes_max`. */
  frameBytesMax?: number;
}

/** What every client keeps of its connection. */
export interface KeptConnection {
  /** The nodes that were learned, the one in use first. */
  nodes: readonly string[];
  /** The polling was what worked. */
  polls: boolean;
  /** How far the server's clock is ahead, in milliseconds. */
  ahead: number | null;
}

/** What is kept of a connection that never was. */
export const NO_CONNECTION: KeptConnection = { nodes: [], polls: false, ahead: null };

/** The store of a client. */
export function storeOf(options: ClientOptions): Store {
  return options.store ?? memoryStore();
}

/** What a client itself says of its connection. */
type Own<T extends Talk> = Pick<
  LinkOptions<T>,
  "path" | "opening" | "opened" | "refused" | "heard" | "changed" | "learned"
>;

/** The connection of a client. */
export function linkOf<T extends Talk>(options: ClientOptions, kept: KeptConnection, own: Own<T>): Link<T> {
  return new Link({
    ...own,
    nodes: new Nodes(options.nodes, kept.nodes),
    platform: new Platform(options),
    frameBytesMax: options.frameBytesMax ?? FRAME_BYTES_MAX,
    way: options.transport ?? "auto",
    polls: kept.polls,
  });
}
