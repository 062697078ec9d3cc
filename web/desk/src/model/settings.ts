// What an agent has chosen for themselves: sounds, notifications, keys, colours. Kept in the browser, for all windows.

import { fields, kept, type Kept, type Storage } from "./keeping.js";

/** What can be heard. */
export const SOUND_KINDS = ["offer", "message", "over", "connection"] as const;
/** What is heard: an offer, a message, a chat that is over, a connection that is away. */
export type SoundKind = (typeof SOUND_KINDS)[number];

/** How it sounds. */
export const TONES = ["none", "chime", "bell", "knock"] as const;
/** How it sounds; `none`: not at all. */
export type Tone = (typeof TONES)[number];

/** After how many seconds it is heard again, until it is answered; 0: never. */
export const REPEATS = [0, 5, 15, 30] as const;
/** After how many minutes a customer has waited too long. */
export const PATIENCE = [1, 2, 5, 10] as const;
const THEMES = ["auto", "light", "dark"] as const;

/** Everything that can be chosen. */
export interface Settings {
  readonly sounds: Readonly<Record<SoundKind, Tone>>;
  /** 0 to 100. */
  readonly volume: number;
  /** In seconds; 0: never. */
  readonly repeat: number;
  readonly notifications: boolean;
  readonly shortcuts: boolean;
  /** In minutes. */
  readonly patience: number;
  readonly theme: (typeof THEMES)[number];
}

/** What is so before anybody chose. */
export const DEFAULTS: Settings = {
  sounds: { offer: "chime", message: "knock", over: "bell", connection: "none" },
  volume: 60,
  repeat: 15,
  notifications: false,
  shortcuts: true,
  patience: 2,
  theme: "auto",
};

/** The settings of this browser. */
export function keptSettings(storage: Storage): Kept<Settings> {
  return kept(storage, "handoff-desk-settings", DEFAULTS, readSettings);
}

/** Settings of what was kept; what is missing or wrong is as by default. */
export function readSettings(value: unknown): Settings {
  const given = fields(value);
  const sounds = { ...DEFAULTS.sounds };
  const tones = typeof given["sounds"] === "object" && given["sounds"] ? fields(given["sounds"]) : {};
  for (const kind of SOUND_KINDS) sounds[kind] = oneOf(TONES, tones[kind], DEFAULTS.sounds[kind]);
  const volume = Number(given["volume"] ?? DEFAULTS.volume);
  return {
    sounds,
    volume: Number.isFinite(volume) ? Math.min(100, Math.max(0, volume)) : DEFAULTS.volume,
    repeat: oneOf(REPEATS, given["repeat"], DEFAULTS.repeat),
    notifications: given["notifications"] === true,
    shortcuts: given["shortcuts"] !== false,
    patience: oneOf(PATIENCE, given["patience"], DEFAULTS.patience),
    theme: oneOf(THEMES, given["theme"], DEFAULTS.theme),
  };
}

function oneOf<T>(all: readonly T[], value: unknown, otherwise: T): T {
  return all.find((one) => one === value) ?? otherwise;
}
