// The last line of a test run: how many tests passed and failed, for people and programs.

import type { Reporter, TestModule } from "vitest/node";

/** What a test run came to. */
interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

/**
 * Ends a run's output with `N passed, N failed`, and `, N skipped` when a test did not run. A file
 * that cannot be loaded, a hook that throws and an error that no test caught count as failures each:
 * the tests that they kept from running are not in any list.
 */
export class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const tally: Tally = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) addModule(tally, module);
    const skipped = tally.skipped > 0 ? `, ${tally.skipped} skipped` : "";
    process.stdout.write(`${tally.passed} passed, ${tally.failed} failed${skipped}\n`);
  }
}

function addModule(tally: Tally, module: TestModule): void {
  tally.failed += module.errors().length;
  for (const suite of module.children.allSuites()) tally.failed += suite.errors().length;
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    // A test that is still pending was cut off, by a bail or a signal.
    tally[state === "pending" ? "skipped" : state] += 1;
  }
}
