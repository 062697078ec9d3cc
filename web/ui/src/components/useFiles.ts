// Files that are dropped on a place or pasted into it.

import { useState } from "preact/hooks";

/** What a place needs to take files, and whether some are held over it now. */
export interface TakesFiles {
  readonly over: boolean;
  readonly on: {
    readonly onDragOver: (event: DragEvent) => void;
    readonly onDragLeave: () => void;
    readonly onDrop: (event: DragEvent) => void;
    readonly onPaste: (event: ClipboardEvent) => void;
  };
}

/** @param take called with one file at least; nothing: the place takes none now */
export function useFiles(take: ((files: readonly File[]) => void) | undefined): TakesFiles {
  const [over, setOver] = useState(false);
  const given = (files: FileList | undefined) => {
    if (take && files && files.length > 0) take(Array.from(files));
  };
  const holds = ({ dataTransfer }: DragEvent) => take !== undefined && dataTransfer?.types.includes("Files") === true;
  return {
    over,
    on: {
      onDragOver(event) {
        if (!holds(event)) return;
        event.preventDefault();
        setOver(true);
      },
      onDragLeave: () => setOver(false),
      onDrop(event) {
        setOver(false);
        if (!holds(event)) return;
        event.preventDefault();
        given(event.dataTransfer?.files);
      },
      onPaste: (event) => given(event.clipboardData?.files),
    },
  };
}
