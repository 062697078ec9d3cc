// What the app's script does when it has come: it gives the loader what it waits for.

import { mount } from "./app.js";
import type { Arrival } from "./loader/script.js";

(window as unknown as { handoff: Arrival }).handoff.arrived?.(mount);
