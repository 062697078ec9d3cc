// The language that the components below speak, handed down by the surface.

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Say } from "../words/catalogue.js";

/** How a surface speaks. */
export interface Speech {
  readonly say: Say;
  /** The BCP 47 tag that times and numbers are written by. */
  readonly language: string;
}

const Spoken = createContext<Speech | null>(null);

/** What hands the language down. */
export const SpeechProvider = Spoken.Provider;

/** The language of the surface around a component. Throws where there is none. */
export function useSpeech(): Speech {
  const speech = useContext(Spoken);
  if (!speech) throw new Error("no SpeechProvider");
  return speech;
}
