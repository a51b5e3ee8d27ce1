// Each call of a store fails alone, in every way: no task fails of it, and the run ends as it would have.

import { openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FaultyRuns, STORE_FAULTS, StoreCalls } from "./faulty-stores.ts";

/** Calls of a method in turn that fail; later ones repeat what happened before. */
const MOST_CALLS = 12;

describe("a store", () => {
  let metastore: TestMetastore;
  let runs: FaultyRuns;

  beforeAll(async () => {
    metastore = await openTestMetastore("sqlite");
    runs = new FaultyRuns(metastore);
  });
  afterAll(() => metastore.close());

  test.each(Object.entries(STORE_FAULTS))("%s at one call", { timeout: 240_000 }, async (_name, fault) => {
    const plain = new StoreCalls();
    const expected = await runs.run(plain);
    for (const [method, count] of plain.counts) {
      const alone = Array.from({ length: Math.min(count, MOST_CALLS) }, async (_, index) => {
        const at = `${method}, call ${index + 1}`;
        const calls = new StoreCalls((name, call) =>
          name === method && call === index + 1 ? fault : undefined,
        );
        expect([at, ...(await runs.run(calls))]).toEqual([at, ...expected]);
      });
      await Promise.all(alone);
    }
  });
});
