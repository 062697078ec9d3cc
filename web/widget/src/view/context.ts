// The widget's model and what its page can do, handed down to the components.

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { FileShown, LoadFile } from "@handoff/ui";
import type { Mode } from "../config.js";
import type { WidgetModel } from "../model/widget.js";

/** What components work with. */
export interface Around {
  readonly model: WidgetModel;
  readonly mode: Mode;
  /** Closes the panel; the chat goes on. */
  readonly onMinimise: () => void;
  readonly load: LoadFile;
  readonly onSaveFile: (file: FileShown) => void;
  readonly onSaveTranscript: () => void;
}

const Given = createContext<Around | null>(null);

/** What hands it down. */
export const AroundProvider = Given.Provider;

/** The model and acts of the widget around a component. Throws where there is none. */
export function useAround(): Around {
  const around = useContext(Given);
  if (!around) throw new Error("a component needs an AroundProvider around it");
  return around;
}
