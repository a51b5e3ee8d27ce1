// The contract of record stores, as tests that any backend can run.

import { describeRecordDifferences } from "./record-difference-cases.ts";
import { describeRecordFilters } from "./record-filter-cases.ts";
import { describeRecordPuts } from "./record-put-cases.ts";
import { describeRecordReads } from "./record-read-cases.ts";
import { describeRecordTeams } from "./record-team-cases.ts";
import { describeRecordLookup } from "./record-lookup-contract.ts";
import { caseOf, type RecordStoreHarness, type TestRunner } from "./store-harness.ts";

/**
 * Registers the contract of {@link RecordStore} as tests.
 *
 * @param name of the store, for the report
 * @example describeRecordStore("redis", { open: openRedisRecords }, { describe, test });
 */
export function describeRecordStore(name: string, harness: RecordStoreHarness, runner: TestRunner): void {
  runner.describe(`${name} as a record store`, () => {
    describeRecordLookup(name, harness, runner);
    const check = caseOf(runner, harness);
    runner.describe("putting", () => describeRecordPuts(check));
    runner.describe("differing results", () => describeRecordDifferences(check));
    runner.describe("reading", () => describeRecordReads(check));
    runner.describe("filters", () => describeRecordFilters(check));
    runner.describe("teams", () => describeRecordTeams(check));
  });
}
