import { en } from "./en.js";
import type { DeskCatalogue } from "./say.js";
export const fr: DeskCatalogue = en;
