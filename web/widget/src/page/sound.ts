// The sound of a message: two short tones, made here, so that nothing has to be loaded.

const TONES = [
  { hertz: 660, from: 0 },
  { hertz: 880, from: 0.12 },
] as const;
const LENGTH_S = 0.18;
const VOLUME = 0.08;

let context: AudioContext | null = null;

/** Plays it, where the browser lets a page make sounds: after its visitor has clicked somewhere. */
export function playSound(): void {
  try {
    context ??= new AudioContext();
    if (context.state === "suspended") void context.resume();
    for (const { hertz, from } of TONES) tone(context, hertz, context.currentTime + from);
  } catch {
    // No sound here.
  }
}

function tone(audio: AudioContext, hertz: number, at: number): void {
  const oscillator = audio.createOscillator();
  const volume = audio.createGain();
  oscillator.frequency.value = hertz;
  volume.gain.setValueAtTime(0, at);
  volume.gain.linearRampToValueAtTime(VOLUME, at + 0.01);
  volume.gain.exponentialRampToValueAtTime(0.001, at + LENGTH_S);
  oscillator.connect(volume).connect(audio.destination);
  oscillator.start(at);
  oscillator.stop(at + LENGTH_S);
}
