// Every method of every store throws once, at every call that a run makes of it: no task fails of it, and the
// run ends as it would have.

import { MemodagError, systemClock, type Clock } from "@memodag/core";
import { openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import { Dag } from "memodag";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SchedulerRig } from "./scheduler-rig.ts";

/** What a store may throw: an error of its driver, one of its own, and one that looks like a task's. */
const FAULTS = {
  "a driver's error": () => new Error("connection terminated"),
  "an infrastructure error": () => new MemodagError("database_unreachable", "The database is away: wait"),
  "an error with a task's code": () => new MemodagError("value_too_large", "too much at once"),
};

const STORES = ["runs", "records", "results", "leases"] as const;
type StoreName = (typeof STORES)[number] | "values";

/** Calls without which no run of these gets to its end. */
const ALWAYS_ASKED = [
  "runs.claimRuns",
  "runs.listPreviousCacheKeys",
  "runs.writePass",
  "records.find",
  "records.put",
  "results.read",
  "results.write",
  "values.read",
  "values.write",
  "leases.tryAcquire",
];

/** Rests after faults take a hundredth of their time. */
const hasty: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic(),
  after: (ms, callback) => systemClock.after(ms / 100, callback),
};

/** Counts the calls of each method, and throws at one of them. */
class Calls {
  readonly counts = new Map<string, number>();
  #fault: { readonly method: string; readonly call: number; readonly make: () => Error } | undefined;
  hasThrown = false;

  throwAt(method: string, call: number, make: () => Error): void {
    this.#fault = { method, call, make };
  }

  watch<T extends object>(name: StoreName, store: T): T {
    return new Proxy(store, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== "function") return value;
        const method = `${name}.${String(key)}`;
        return (...args: unknown[]): unknown => {
          const call = (this.counts.get(method) ?? 0) + 1;
          this.counts.set(method, call);
          if (this.#fault?.method === method && this.#fault.call === call) {
            this.hasThrown = true;
            return Promise.reject(this.#fault.make());
          }
          return (value as (...given: unknown[]) => unknown).apply(target, args);
        };
      },
    });
  }
}

describe("a store that throws once", () => {
  let metastore: TestMetastore;
  let rig: SchedulerRig;
  let runCount = 0;

  beforeAll(async () => {
    metastore = await openTestMetastore("sqlite");
    rig = new SchedulerRig(metastore);
  });
  afterAll(() => metastore.close());

  /** A list, a branch, a field of a result, a lease: whatever reads stores between a run's start and its end. */
  function newDag(): Dag {
    const dag = new Dag(`faulty${(runCount += 1)}`);
    const list = dag.task("list", (() => null) as never, { cache: true });
    const each = dag.task("each", (() => null) as never, { cache: { serialize: true } });
    const sum = dag.task("sum", (() => null) as never, { cache: true });
    const rows = (list as () => unknown)();
    const mapped = (each as unknown as { expand(args: object): unknown }).expand({ n: rows });
    (sum as (args: object) => unknown)({ all: mapped, first: (rows as { 0: unknown })[0] });
    return dag;
  }

  const scripts = {
    list: () => [1, 2],
    each: (_attempt: unknown, { n }: Readonly<Record<string, unknown>>) => Number(n) * 2,
    sum: (_attempt: unknown, { all }: Readonly<Record<string, unknown>>) => JSON.stringify(all),
  };

  /** One run that misses, and one that hits. With one slot, values are read that were written passes before. */
  async function runWith(calls: Calls) {
    const version = await rig.define(newDag());
    const watched = Object.fromEntries(STORES.map((name) => [name, calls.watch(name, metastore[name])]));
    const metadataResults = calls.watch("values", metastore.results);
    const states: string[] = [];
    for (const round of [1, 2]) {
      const outcome = await rig.run(version, scripts, {
        ...watched,
        metadataResults,
        clock: hasty,
        slots: 1,
      });
      states.push(`run ${round}: ${outcome.run.state}`);
      for (const { taskId, mapIndex, state, error } of outcome.instances)
        states.push(`${round} ${taskId}[${mapIndex}]: ${state} ${error?.code ?? ""}`);
    }
    return states.toSorted();
  }

  test.each(Object.entries(FAULTS))("%s", { timeout: 120_000 }, async (_name, make) => {
    const plain = new Calls();
    const expected = await runWith(plain);
    expect(expected.filter((state) => !state.includes("success"))).toEqual([]);
    const thrown = new Set<string>();
    for (const [method, count] of plain.counts) {
      for (let call = 1; call <= Math.min(count, 12); call += 1) {
        const calls = new Calls();
        calls.throwAt(method, call, make);
        const at = `${method}, call ${call}`;
        expect([at, ...(await runWith(calls))]).toEqual([at, ...expected]);
        if (calls.hasThrown) thrown.add(method);
      }
    }
    // What is asked by time alone may not have been.
    expect([...thrown]).toEqual(expect.arrayContaining(ALWAYS_ASKED));
  });
});
