// The promises of get-or-create on every store, as tests: one creator, failures, leases, and faults of the store.

import { valueCases } from "./value-cases.ts";
import { describeCreation } from "./value-creation-cases.ts";
import type { TestRunner, ValueStoreHarness } from "./value-harness.ts";
import { describeLeases } from "./value-lease-cases.ts";
import { describeUse } from "./value-use-cases.ts";

/** Registers the promises of a value cache on an adapter as tests. */
export function describeValueCache(name: string, harness: ValueStoreHarness, runner: TestRunner): void {
  runner.describe(`get-or-create on ${name}`, () => {
    const cases = valueCases(runner, harness);
    describeCreation(cases);
    describeLeases(cases);
    describeUse(cases);
  });
}
