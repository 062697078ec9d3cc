import { en } from "./en.js";
import type { DeskCatalogue } from "./say.js";
export const ar: DeskCatalogue = en;
