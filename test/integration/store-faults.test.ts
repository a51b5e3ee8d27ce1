// Calls of stores throw or hang at every point of a run: no task fails of it, and the run ends as it would have.
// `store-faults.full.test.ts` has more ways to fail, and each call fail alone.

import { openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ALWAYS_CALLED, FaultyRuns, STORE_FAULTS, StoreCalls, type StoreFault } from "./faulty-stores.ts";

/** Calls of a method in turn that fail; later ones repeat what happened before. */
const MOST_CALLS = 8;

const FAULTS = ["throws an error with a task's code", "hangs", "hangs after it has done its work"];

describe("every store", () => {
  let metastore: TestMetastore;
  let runs: FaultyRuns;
  const failed = new Set<string>();

  beforeAll(async () => {
    metastore = await openTestMetastore("sqlite");
    runs = new FaultyRuns(metastore);
  });
  afterAll(() => metastore.close());

  /** All at once: such runs mostly wait. */
  async function runWith(fault: StoreFault | undefined, expected: readonly string[]): Promise<void> {
    const all = Array.from({ length: MOST_CALLS }, async (_, index) => {
      const at = `call ${index + 1} of each method`;
      const calls = new StoreCalls((_method, call) => (call === index + 1 ? fault : undefined));
      expect([at, ...(await runs.run(calls))]).toEqual([at, ...expected]);
      for (const method of calls.failed) failed.add(method);
    });
    await Promise.all(all);
  }

  test.each(FAULTS)("%s at each call", async (name) => {
    const expected = await runs.run(new StoreCalls());
    expect(expected.filter((state) => state.includes("fail"))).toEqual([]);
    await runWith(STORE_FAULTS[name], expected);
  });

  test("had calls that failed", () => {
    // What is called by time alone may not have been.
    expect([...failed]).toEqual(expect.arrayContaining([...ALWAYS_CALLED]));
  });
});
