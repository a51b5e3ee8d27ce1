// The contract of retention is for backends that nobody here has seen: each of these faults must fail it.

import { expect, test } from "vitest";
import {
  MemoryRecordStore,
  MemoryResultStore,
  type RecordRetention,
  type ResultRetention,
} from "../../src/index.ts";
import { describeRetention } from "../../src/testing/index.ts";
import { ManualClock } from "@memodag/core/testing";

type Fault<T> = (right: T) => Partial<T>;

const RECORD_FAULTS: Record<string, Fault<RecordRetention>> = {
  "lists what has not expired": (right) => ({ listExpired: (limit) => right.listLeastUsed(limit, 0) }),
  "ignores the limit": (right) => ({ listExpired: () => right.listExpired(1_000) }),
  "evicts what was used last": (right) => ({
    listLeastUsed: async (limit, offset) =>
      (await right.listLeastUsed(1e6, offset)).toReversed().slice(0, limit),
  }),
  "deletes what was used since": (right) => ({
    async deleteUnused(records, cause) {
      const now = new Map(
        [...(await right.listExpired(1e6)), ...(await right.listLeastUsed(1e6, 0))].map((one) => [
          one.key,
          one,
        ]),
      );
      return await right.deleteUnused(
        records.map((one) => now.get(one.key) ?? one),
        cause,
      );
    },
  }),
  "names bytes of every team": (right) => ({
    async findNamed(_team, digests) {
      const named = await Promise.all(["ml", "ops"].map((team) => right.findNamed(team, digests)));
      return new Set(named.flatMap((each) => [...each]));
    },
  }),
  "names nothing": () => ({ findNamed: async () => new Set() }),
  "counts the expired with all": (right) => ({ amount: () => right.amount("all") }),
  "scans one page": (right) => ({
    async *scan() {
      for await (const page of right.scan(1)) {
        yield page;
        return;
      }
    },
  }),
};

const RESULT_FAULTS: Record<string, Fault<ResultRetention>> = {
  "takes bytes for old at once": (right) => ({
    async *scan(limit) {
      for await (const page of right.scan(limit)) yield page.map((one) => ({ ...one, ageMs: 1e12 }));
    },
    deleteUnnamed: (team, digests) => right.deleteUnnamed(team, digests, 0),
  }),
  "deletes nothing": () => ({ deleteUnnamed: async () => ({ count: 0, sizeBytes: 0 }) }),
  "says that it deleted more": (right) => ({
    async deleteUnnamed(team, digests, olderThanMs) {
      const { count, sizeBytes } = await right.deleteUnnamed(team, digests, olderThanMs);
      return { count: count + 1, sizeBytes };
    },
  }),
  "knows every size": (right) => ({
    async sizesOf(team, digests) {
      const sizes = await right.sizesOf(team, digests);
      return new Map(digests.map((digest) => [digest, sizes.get(digest) ?? 20]));
    },
  }),
  "shares bytes between teams": (right) => ({
    async sizesOf(_team, digests) {
      const sizes = await Promise.all(["ml", "ops"].map((team) => right.sizesOf(team, digests)));
      return new Map(sizes.flatMap((each) => [...each]));
    },
  }),
  "scans nothing": () => ({ async *scan() {} }),
};

test("the right one passes", async () => {
  expect(
    await failuresOf(
      () => ({}),
      () => ({}),
    ),
  ).toEqual([]);
});

test.each(Object.entries(RECORD_FAULTS))("retention of records that %s fails", async (_name, fault) => {
  expect(await failuresOf(fault, () => ({}))).not.toEqual([]);
});

test.each(Object.entries(RESULT_FAULTS))("retention of results that %s fails", async (_name, fault) => {
  expect(await failuresOf(() => ({}), fault)).not.toEqual([]);
});

/** Names of the tests of the contract that fail with these faults. */
async function failuresOf(
  ofRecords: Fault<RecordRetention>,
  ofResults: Fault<ResultRetention>,
): Promise<string[]> {
  const cases: [string, () => Promise<void>][] = [];
  const open = async () => {
    const clock = new ManualClock();
    const [records, results] = [new MemoryRecordStore(clock), new MemoryResultStore(clock)];
    return {
      records: withFault(records, ofRecords),
      results: withFault(results, ofResults),
      passTime: async (ms: number) => clock.advance(ms),
      close: async () => {},
    };
  };
  describeRetention(
    "faulty",
    { open },
    {
      describe: (_name, body) => body(),
      test: (name, body) => cases.push([name, body]),
    },
  );
  const failures: string[] = [];
  for (const [name, body] of cases) await body().catch(() => failures.push(name));
  return failures;
}

/** A store whose retention has a fault. */
function withFault<T extends object, Store extends { retention(): Promise<T> }>(
  store: Store,
  fault: Fault<T>,
): Store {
  const open = store.retention.bind(store);
  store.retention = async () => {
    const right = await open();
    const faulty = fault(right);
    return new Proxy(right, {
      get(target, name: keyof T & string) {
        const method = faulty[name] ?? target[name];
        return typeof method === "function" ? (method.bind(target) as unknown) : method;
      },
    });
  };
  return store;
}
