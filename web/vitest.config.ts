import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["*/test/**/*.test.ts"],
    // Fast tests on few cores: one process, a thread for each file.
    pool: "threads",
  },
});
