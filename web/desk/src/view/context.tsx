// The desk that all parts of the page show.

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Desk } from "../model/desk.js";
import { follow } from "../model/follow.js";
import type { Say } from "../words/say.js";

const Shown = createContext<Desk | null>(null);

/** What hands the desk down. */
export const DeskProvider = Shown.Provider;

/** The desk around a component, which is drawn anew with each change of what the server knows. */
export function useDesk(): Desk {
  const desk = useQuietDesk();
  follow(desk.changes);
  return desk;
}

/** The same for what is drawn anew by its properties and signals alone. Throws where there is no desk. */
export function useQuietDesk(): Desk {
  const desk = useContext(Shown);
  if (!desk) throw new Error("a component needs a DeskProvider around it");
  return desk;
}

/** How the desk speaks. */
export function useSay(): Say {
  return useQuietDesk().say;
}
