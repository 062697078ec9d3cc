// Short tones, made here: nothing is loaded for them. Browsers allow sound once the page was touched.

import type { Tone } from "../model/settings.js";

/** When each note begins, in seconds, and how high it is, in hertz. */
const NOTES: Record<Tone, readonly (readonly [number, number])[]> = {
  none: [],
  chime: [
    [0, 660],
    [0.18, 880],
  ],
  bell: [[0, 1047]],
  knock: [
    [0, 220],
    [0.14, 220],
  ],
};
const LASTS_S = 0.4;
const LOUDEST = 0.3;

let context: AudioContext | null = null;

/** Sounds a tone, as loud as 0 to 100. */
export function sound(tone: Tone, volume: number): void {
  if (tone === "none" || volume === 0 || typeof AudioContext === "undefined") return;
  context ??= new AudioContext();
  void context.resume();
  for (const [delay, pitch] of NOTES[tone]) {
    const note = context.createOscillator();
    const loudness = context.createGain();
    const from = context.currentTime + delay;
    note.frequency.value = pitch;
    loudness.gain.setValueAtTime((LOUDEST * volume) / 100, from);
    loudness.gain.exponentialRampToValueAtTime(0.001, from + LASTS_S - 0.05);
    note.connect(loudness).connect(context.destination);
    note.start(from);
    note.stop(from + LASTS_S);
  }
}
