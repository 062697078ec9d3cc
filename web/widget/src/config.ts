// What a website says of its widget: by attributes of the script's tag, or by `window.handoff` before the script runs.

/** Where the launcher stands: at the end or the start of a line, as the page is written. */
export type Position = "end" | "start";

/** A panel beside a website's own content, or all of a page of its own. */
export type Mode = "panel" | "page";

/** Light, dark, or as the visitor's system is. */
export type Theme = "light" | "dark" | "auto";

/** All that a website may set. */
export interface WidgetConfig {
  readonly mode: Mode;
  /** The service that chats are started with (`services.NAME` in the server's configuration). */
  readonly service: string;
  /** Base URLs of the nodes, tried in turn; the one that the script came from is the first. */
  readonly nodes: readonly string[];
  /** The language (`de`); empty: the page's own, else the browser's. */
  readonly language: string;
  readonly theme: Theme;
  readonly position: Position;
  /** Whether there is a launcher, which a page of its own never has; without it the website opens the chat by `handoff.open()`. */
  readonly launcher: boolean;
}

/** The attributes, as `dataset` has them. */
export type Given = Readonly<Record<string, unknown>>;

/**
 * The configuration, with what is said nowhere as it is by default. What `given` says comes first, then the tag.
 * @param origin where the script came from: the first node
 */
export function readConfig(given: Given, tag: Given, origin: string): WidgetConfig {
  const read = (name: string): string => text(given[name]) || text(tag[name]);
  const listed = Array.isArray(given["nodes"]) ? given["nodes"].map(text) : read("nodes").split(",");
  const nodes = [origin, ...listed]
    .map((node) => node.trim().replace(/\/+$/, ""))
    .filter((node) => /^https?:/.test(node));
  const mode = oneOf(["panel", "page"], read("mode"), "panel");
  return {
    mode,
    service: read("service") || "default",
    nodes: [...new Set(nodes)],
    language: read("language"),
    theme: oneOf(["light", "dark", "auto"], read("theme"), "auto"),
    position: oneOf(["end", "start"], read("position"), "end"),
    launcher: mode === "panel" && !["false", "off"].includes(read("launcher")),
  };
}

/** The node that a script came from, by the address of the loader: `/widget.js`, or its file of one build. */
export function nodeOf(src: string): string {
  return src.replace(/[?#].*$/, "").replace(/\/widget(?:\.js|\/loader\.[^/]*)$/, "");
}

function text(value: unknown): string {
  return typeof value === "string" ? value : typeof value === "boolean" ? String(value) : "";
}

function oneOf<const T extends string>(known: readonly T[], value: string, otherwise: T): T {
  return known.find((one) => one === value) ?? otherwise;
}
