// Signs of the desk alone.

import type { OwnIcon } from "@handoff/ui";

export const BACK: OwnIcon = ["back", "m14 6-6 6 6 6"];
export const CLOSE: OwnIcon = ["close", "m6.5 6.5 11 11m0-11-11 11"];
export const INFO: OwnIcon = ["info", "M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16zm0-9v5m0-8h.01"];
export const SEARCH: OwnIcon = ["search", "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zm4.8-1.7L20 20"];
