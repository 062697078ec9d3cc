// The desk that all parts of the page show.

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Desk } from "../model/desk.js";
import type { Say } from "../words/say.js";

const Shown = createContext<Desk | null>(null);

/** What hands the desk down. */
export const DeskProvider = Shown.Provider;

/** The desk around a component. Throws where there is none. */
export function useDesk(): Desk {
  const desk = useContext(Shown);
  if (!desk) throw new Error("a component needs a DeskProvider around it");
  return desk;
}

/** How the desk speaks. */
export function useSay(): Say {
  return useDesk().say;
}
