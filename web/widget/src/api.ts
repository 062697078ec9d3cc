// What the loader and the app say to each other, and what a website may ask of its widget.

import type { WidgetConfig } from "./config.js";

/** Proof of who the visitor is, made by the website's server (docs/admission.md), and what it says of them. */
export interface Identity {
  /** A JSON Web Token signed with the secret that the nodes know. */
  readonly token?: string;
  /** Without a token: the contact's id, or the e-mail address, with the hash of it. */
  readonly id?: string;
  readonly email?: string;
  readonly hash?: string;
  readonly name?: string;
}

/** What a website is told of. */
export interface WidgetEvents {
  /** The launcher is there, and the API can be used. */
  ready: undefined;
  open: undefined;
  close: undefined;
  /** How many messages were not read. */
  unread: number;
  /** A chat began. */
  start: undefined;
  /** Somebody said something; `mine`: the visitor. */
  message: { readonly text: string; readonly mine: boolean };
  end: undefined;
}

/** The name of an event. */
export type EventName = keyof WidgetEvents;

/** What of the launcher the app changes. */
export interface Launcher {
  /** Shows how many messages were not read, in a language's own words. */
  show(state: { readonly open: boolean; readonly unread: number; readonly label: string }): void;
  focus(): void;
}

/** Where the app is put, and what it tells. */
export interface Host {
  readonly root: ShadowRoot;
  /** Adds a text of styles to a root, as the launcher's was. */
  readonly addStyles: (root: ShadowRoot, text: string) => void;
  readonly config: WidgetConfig;
  readonly launcher: Launcher;
  readonly tell: <Name extends EventName>(name: Name, detail: WidgetEvents[Name]) => void;
}

/** What the app does for the loader. */
export interface App {
  open(): void;
  close(): void;
  identify(identity: Identity): void;
  set(data: Readonly<Record<string, string>>): void;
  stop(): void;
}

/** What the app's script gives. Rejects when a part of it can't be loaded. */
export type Mount = (host: Host) => Promise<App>;

/** Where a website's chat is kept: the loader looks there whether one lives. */
export function chatName(service: string): string {
  return `handoff:${service}`;
}
