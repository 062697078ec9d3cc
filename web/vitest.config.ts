import { defineConfig } from "vitest/config";

export default defineConfig({
  // Packages use each other's sources: nothing need be built for a test.
  resolve: { alias: { "@handoff/sdk": new URL("./sdk/src/index.ts", import.meta.url).pathname } },
  test: {
    setupFiles: ["sdk/test/support/engine.ts"],
    include: ["*/test/**/*.test.ts"],
    // Fast tests on few cores: one process, a thread for each file.
    pool: "threads",
  },
});
