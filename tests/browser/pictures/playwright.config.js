// The pages as pictures: `npm run pictures` compares them with those in `seen/`, `npm run pictures:make` makes those anew
// (look at each before it is kept). They are drawn by Debian 12's Chromium with its Noto fonts.

import { defineConfig } from "@playwright/test";
import { ARGUMENTS, chromiumPath } from "../support/browser.js";

export default defineConfig({
  testMatch: "*.pictures.js",
  fullyParallel: true,
  workers: 2,
  timeout: 120_000,
  updateSnapshots: "none",
  outputDir: `${process.env.HANDOFF_TEST_LOGS ?? "/tmp/handoff"}/pictures`,
  reporter: [["./tap.js"]],
  snapshotPathTemplate: "{testDir}/seen/{arg}{ext}",
  expect: {
    timeout: 20_000,
    // Edges of letters may differ by a shade; a colour or a place may not.
    toHaveScreenshot: { animations: "disabled", caret: "hide", threshold: 0.02, maxDiffPixels: 60 },
  },
  use: {
    launchOptions: { executablePath: chromiumPath(), args: ARGUMENTS },
  },
});
