// The contract of backends that can be collected, as tests that any backend can run.

import { describeCollecting, describeQuota } from "./retention-collect-cases.ts";
import type { RetentionHarness } from "./retention-stores.ts";
import { describeVerifying } from "./retention-verify-cases.ts";
import { caseOf, type TestRunner } from "./store-harness.ts";

/**
 * Registers the contract of `retention()` of both stores as tests; for backends that have it.
 *
 * @param name of the backend, for the report
 */
export function describeRetention(name: string, harness: RetentionHarness, runner: TestRunner): void {
  runner.describe(`${name} as collected`, () => {
    const check = caseOf(runner, harness);
    runner.describe("collecting", () => describeCollecting(check));
    runner.describe("a quota", () => describeQuota(check));
    runner.describe("verifying", () => describeVerifying(check));
  });
}
