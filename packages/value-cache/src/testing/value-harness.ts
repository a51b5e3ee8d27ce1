// The parts of a test of an adapter: a way to open a store, and a test runner.

import type { ValueAdapter } from "../value-adapter.ts";

/** `{ describe, test }` of vitest, `node:test` or Jest. Failures are `AssertionError`s of `node:assert`. */
export interface TestRunner {
  describe(name: string, body: () => void): unknown;
  test(name: string, body: () => Promise<void>): unknown;
}

/** A store that holds nothing, for one test. */
export interface OpenValueStore {
  readonly adapter: ValueAdapter;
  /**
   * Another adapter of the same store, as another process would have it; closed with the store. Of a store that is
   * within the process, the same one.
   */
  openAgain(): Promise<ValueAdapter>;
  /** Lets `ms` milliseconds go by for values and leases. */
  passTime(ms: number): Promise<void>;
  /** Called once, when the test has ended. */
  close(): Promise<void>;
}

/** Opens a store for each test. */
export interface ValueStoreHarness {
  open(): Promise<OpenValueStore>;
}

/** Registers tests that are given an open store. */
export function caseOf(
  { test }: TestRunner,
  harness: ValueStoreHarness,
): (name: string, body: (store: OpenValueStore) => Promise<void>) => void {
  return (name, body) => {
    test(name, async () => {
      const store = await harness.open();
      try {
        await body(store);
      } finally {
        await store.close();
      }
    });
  };
}
