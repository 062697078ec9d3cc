import type { Files } from "./widget.mjs";

/** Builds the desk into `dist`. */
export function buildDesk(dist: Files, icon: { path: string }): Promise<void>;
