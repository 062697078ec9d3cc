import { en } from "./en.js";
import type { DeskCatalogue } from "./say.js";
export const ja: DeskCatalogue = en;
