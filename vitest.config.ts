// Two sets of tests: quick ones, and full ones, which take long. The file name decides: `*.full.test.ts`.

import { defineConfig, type TestProjectConfiguration } from "vitest/config";
import { ClosingLineReporter } from "./test/closing-line-reporter.ts";

const FOLDERS = "{packages/*/test,migrations/test,test}/**";
const FULL = `${FOLDERS}/*.full.test.ts`;

function project(
  name: string,
  include: string,
  exclude: readonly string[],
  isolate: boolean,
): TestProjectConfiguration {
  return {
    // Tests read the sources of every package; the processes that they start run the built ones.
    resolve: { conditions: ["source"] },
    ssr: { resolve: { conditions: ["source"] } },
    test: {
      name,
      isolate,
      include: [include],
      exclude: ["**/node_modules/**", ...exclude],
      globalSetup: "test/global-setup.ts",
      // Longer than anything takes on a machine that has much else to do; no test waits for it on purpose.
      testTimeout: 180_000,
      hookTimeout: 180_000,
    },
  };
}

export default defineConfig({
  test: {
    projects: [
      // Files share a worker and the modules that it has loaded, which saves a third of the processor time.
      project("quick", `${FOLDERS}/*.test.ts`, [FULL], false),
      // Several measure their process.
      project("full", FULL, [], true),
    ],
    // Of `npm run coverage` alone. Processes that tests start run the builds, and do not count.
    coverage: {
      provider: "v8",
      include: ["packages/*/src/**/*.ts", "migrations/src/**/*.ts"],
      exclude: ["packages/test-servers/**"],
      reporter: ["text-summary", "html", "json-summary"],
      // Tests of time and memory fail when everything is counted on a busy machine: the figures count all the same.
      reportOnFailure: true,
      // A little below what was measured, which CONTRIBUTING.md says.
      thresholds: { lines: 83, statements: 81, functions: 82, branches: 73 },
    },
    // On two cores the default is one: most of what tests do is wait for processes of their own.
    maxWorkers: 3,
    reporters: ["default", new ClosingLineReporter()],
  },
});
