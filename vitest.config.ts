import { defineConfig } from "vitest/config";
import { ClosingLineReporter } from "./test/closing-line-reporter.ts";

export default defineConfig({
  // Tests read the sources of every package; the processes that they start run the built ones.
  resolve: { conditions: ["source"] },
  ssr: { resolve: { conditions: ["source"] } },
  test: {
    include: ["packages/*/test/**/*.test.ts", "migrations/test/**/*.test.ts", "test/**/*.test.ts"],
    globalSetup: "test/global-setup.ts",
    // Longer than anything takes on a machine that has much else to do; no test waits for it on purpose.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // On two cores the default is one: most of what tests do is wait for processes of their own.
    maxWorkers: 3,
    reporters: ["default", new ClosingLineReporter()],
  },
});
