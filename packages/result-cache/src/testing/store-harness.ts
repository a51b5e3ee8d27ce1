// The parts of a test of a backend: a way to open a store, and a test runner.

import type { ByteStore } from "@memodag/core";
import type { LeaseStore } from "../lease-store.ts";
import type { RecordLookup, RecordStore } from "../record-store.ts";
import type { ResultStore } from "../result-store.ts";

/**
 * A test runner: `{ describe, test }` of vitest, `node:test` or Jest. Failures are `AssertionError`s of
 * `node:assert`.
 */
export interface TestRunner {
  describe(name: string, body: () => void): unknown;
  test(name: string, body: () => Promise<void>): unknown;
}

/** A store that holds nothing, for one test. */
export interface OpenStore<Store> {
  readonly store: Store;
  /** Called once, when the test has ended. */
  close(): Promise<void>;
}

/** A record store that holds nothing, for one test. */
export interface OpenRecordStore extends OpenStore<RecordStore> {
  /**
   * Lets `ms` milliseconds go by for the store: moves its clock on or, where time is a database's,
   * moves `createdAt`, `expiresAt` and `lastHitAt` of every record into the past. A negative `ms` moves them the
   * other way: what was stored before is then stamped in the future.
   */
  passTime(ms: number): Promise<void>;
}

/** A lease store that holds nothing, for one test. */
export interface OpenLeaseStore extends OpenStore<LeaseStore> {
  /** Lets `ms` milliseconds go by for the store: moves its clock on, or every lease into the past. */
  passTime(ms: number): Promise<void>;
}

/** Opens lease stores. */
export interface LeaseStoreHarness {
  open(): Promise<OpenLeaseStore>;
}

/** A record lookup that holds nothing, for one test. */
export interface OpenRecordLookup extends OpenStore<RecordLookup> {
  /** See {@link OpenRecordStore}. */
  passTime(ms: number): Promise<void>;
}

/** Opens record lookups. */
export interface RecordLookupHarness {
  open(): Promise<OpenRecordLookup>;
}

/** Opens record stores. */
export interface RecordStoreHarness {
  open(): Promise<OpenRecordStore>;
}

/** Opens result stores. */
export interface ResultStoreHarness {
  open(): Promise<OpenStore<ResultStore>>;
}

/** A byte store that holds nothing, for one test. */
export interface OpenByteStore extends OpenStore<ByteStore> {
  /** True for a store that keeps its bytes in this process's memory: the amount is not checked. */
  readonly holdsInMemory?: boolean;
  /**
   * The checks of a granted request by the server behind the store, where these are fewer than those of the real service:
   * the signature but not the bytes, or nothing.
   */
  readonly grantsCheck?: "signature" | "nothing";
}

/** Opens byte stores. */
export interface ByteStoreHarness {
  open(): Promise<OpenByteStore>;
}

/** Registers a test that is given a store of its own. */
export type RegisterCase<Opened> = (name: string, body: (opened: Opened) => Promise<void>) => void;

/** Makes the `check` of a suite: a test that opens a store and closes it whatever happens. */
export function caseOf<Opened extends { close(): Promise<void> }>(
  runner: TestRunner,
  harness: { open(): Promise<Opened> },
): RegisterCase<Opened> {
  return (name, body) => {
    runner.test(name, async () => {
      const opened = await harness.open();
      try {
        await body(opened);
      } finally {
        await opened.close();
      }
    });
  };
}
