// Locks of cache keys as tasks ask for them: how long they wait, what they do without the lock store, strict ones.

import { systemClock, type DagVersion, type TaskInstance } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { MemoryLeaseStore, type LeaseStore } from "@memodag/result-cache";
import { sampleRecord } from "@memodag/result-cache/testing";
import { triggerRun } from "@memodag/scheduler";
import { Dag, type LockSettings } from "memodag";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { SchedulerRig } from "./scheduler-rig.ts";

const HOUR = 3_600_000;
const inert: (args: Record<string, unknown>) => unknown = () => null;
const waitFor = (holds: () => boolean) => vi.waitUntil(holds, { timeout: 30_000, interval: 5 });
const refuse = async (): Promise<never> => {
  throw new Error("connection refused");
};

describe.each(TEST_DIALECTS)("locks on %s", (dialect) => {
  let rig: SchedulerRig;
  let metastore: TestMetastore;
  let dagCount = 0;

  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
  });
  afterAll(() => metastore.close());

  /** A Dag of one task with a lock. */
  async function define(lock: LockSettings, retries = 0): Promise<DagVersion> {
    const dag = new Dag(`dag${(dagCount += 1)}`);
    const cache = { isolation: "serializable", lock } as const;
    dag.task("work", inert as (args: { n: number }) => number, { cache, retries })({ n: dagCount });
    return await rig.define(dag);
  }

  /** Has another process hold the lock of the task. */
  async function holdKey(version: DagVersion, leases: LeaseStore = metastore.leases): Promise<string> {
    const { instances } = await rig.run(version, { work: () => 1 });
    const key = instances[0]?.cacheKey ?? "";
    await metastore.records.purge({ dagId: version.dagId });
    await leases.tryAcquire(version.team, key, "work of run other", HOUR);
    return key;
  }

  function faulty(own: Partial<LeaseStore>): LeaseStore {
    const { leases } = metastore;
    return {
      tryAcquire: (...call) => leases.tryAcquire(...call),
      tryRenew: (...call) => leases.tryRenew(...call),
      release: (...call) => leases.release(...call),
      list: (...call) => leases.list(...call),
      tryRevoke: (...call) => leases.tryRevoke(...call),
      ...own,
    };
  }

  const lastRow = async (version: DagVersion): Promise<TaskInstance | undefined> => {
    const [run] = await metastore.runs.listRuns({ dagId: version.dagId, limit: 1 });
    return (await metastore.runs.listTaskInstances(version.team, run?.id ?? 0))[0];
  };

  test("an instance that has waited for so long runs", async () => {
    const version = await define({ wait: 0 });
    await holdKey(version);
    const { states, executor } = await rig.run(version, { work: () => 2 });
    expect(states).toEqual({ work: "success/populated" });
    expect(executor.submitted).toEqual(["work"]);
  });

  test("or it fails, without a process, and names the holder", async () => {
    const version = await define({ wait: "50ms", onTimeout: "fail" });
    await holdKey(version);
    const { run, executor, instances } = await rig.run(version, { work: () => 2 });
    expect(run.state).toBe("failed");
    expect(executor.submitted).toEqual([]);
    expect(instances[0]?.error?.code).toBe("lock_timeout");
    expect(instances[0]?.error?.message).toContain("after 50ms waiting for work of run other");
  });

  test.each<[LockSettings, string, number]>([
    [{}, "success/populated", 1],
    [{ unavailable: "run" }, "success/populated", 1],
    [{ unavailable: "fail" }, "failed/miss", 0],
    [{ unavailable: "wait", wait: "1ms" }, "failed/miss", 0],
  ])("a lock store that is away: %j comes to %s", async (lock, state, attempts) => {
    const { states, executor, instances } = await rig.run(
      await define(lock),
      { work: () => 2 },
      { leases: faulty({ tryAcquire: refuse }) },
    );
    expect(states).toEqual({ work: state });
    expect(executor.attempts).toHaveLength(attempts);
    const message = instances[0]?.error?.message ?? "connection refused";
    expect(message).toContain("connection refused");
  });

  test("with unavailable: wait, it is waited for without a slot, and shown", async () => {
    const version = await define({ unavailable: "wait" });
    let isAway = true;
    let shown: TaskInstance["cacheReason"] = null;
    const { states, executor } = await rig.run(
      version,
      { work: () => 2 },
      {
        leases: faulty({
          tryAcquire: (...call) => (isAway ? refuse() : metastore.leases.tryAcquire(...call)),
        }),
        listener: {
          instanceChanged(_run, { cacheReason, state }) {
            if (cacheReason?.code !== "waiting") return;
            expect(state).toBe("scheduled");
            shown = cacheReason;
            isAway = false;
          },
        },
      },
    );
    expect(shown).toEqual({ code: "waiting", detail: { what: "the lock store (connection refused)" } });
    expect(states).toEqual({ work: "success/populated" });
    expect(executor.attempts).toHaveLength(1);
  });

  test("a task takes its lock in the store that it names, and gives it back", async () => {
    const version = await define({ store: "other", wait: 0, onTimeout: "fail" });
    const other = new MemoryLeaseStore(systemClock);
    const lockStores = { other };
    const key = await holdKey(version, other);
    const refused = await rig.run(version, { work: () => 2 }, { lockStores });
    expect(refused.states).toEqual({ work: "failed/miss" });
    await other.tryRevoke(version.team, key);
    const { states } = await rig.run(version, { work: () => 2 }, { lockStores });
    expect(states).toEqual({ work: "success/populated" });
    expect(await other.list()).toEqual([]);
  });

  test("an attempt that loses a strict lock is cancelled, stores nothing, and runs again", async () => {
    const version = await define({ unavailable: "wait" });
    const lost = Promise.withResolvers<void>();
    let attempts = 0;
    const { run, states, executor, instances } = await rig.run(
      version,
      {
        async work() {
          attempts += 1;
          if (attempts > 1) return "second";
          // As `memodag cache locks --release` does.
          const row = await lastRow(version);
          await metastore.leases.tryRevoke(version.team, row?.cacheKey ?? "");
          await lost.promise;
          return "first";
        },
      },
      { keyLeaseMs: 150 },
    );
    lost.resolve();
    expect(run.state).toBe("success");
    expect(states).toEqual({ work: "success/populated" });
    expect(executor.attempts).toHaveLength(2);
    expect(executor.ended).toEqual([executor.attempts[0]?.attemptId]);
    // It did not use up the one try.
    expect(instances[0]).toMatchObject({ tryNumber: 2, maxTries: 2 });
    const again = await rig.run(version, {});
    expect(await rig.returned(again, "work")).toBe("second");
  });

  test.each<[LockSettings, string, string, number]>([
    [{ unavailable: "fail" }, "success/uncacheable", "lease_lost", 0],
    [{}, "success/populated", "no_entry", 1],
  ])("a lock that is lost at the end of its attempt: %j comes to %s", async (lock, state, code, records) => {
    const version = await define(lock);
    const { states, instances } = await rig.run(version, {
      async work() {
        const row = await lastRow(version);
        await metastore.leases.tryRevoke(version.team, row?.cacheKey ?? "");
        return 2;
      },
    });
    expect(states).toEqual({ work: state });
    expect(instances[0]?.cacheReason).toEqual({ code });
    expect(await metastore.records.count({ dagId: version.dagId })).toBe(records);
  });

  test("a strict lock whose store does not answer any more is lost before others can have it", async () => {
    const version = await define({ unavailable: "fail" });
    const ended = Promise.withResolvers<void>();
    const { instances, executor } = await rig.run(
      version,
      { work: () => ended.promise },
      { leases: faulty({ tryRenew: refuse, tryAcquire: once(metastore.leases, refuse) }), keyLeaseMs: 300 },
    );
    ended.resolve();
    expect(executor.ended).toHaveLength(1);
    expect(instances[0]?.error?.code).toBe("lock_unavailable");
    expect(await metastore.records.count({ dagId: version.dagId })).toBe(0);
  });

  test("two runs that need the same two locks in turn both end", async () => {
    const dag = new Dag(`dag${(dagCount += 1)}`);
    const cache = { isolation: "serializable", lock: { unavailable: "wait" } } as const;
    const lock = (id: string) => dag.task(id, inert as () => null, { cache: { ...cache, share: id } });
    const [a, b] = [lock("a")(), lock("b")()];
    a.before(b);
    const version = await rig.define(dag);
    const other = new Dag(`dag${(dagCount += 1)}`);
    const mirrored = (id: string) => other.task(id, inert as () => null, { cache: { ...cache, share: id } });
    const [first, second] = [mirrored("b")(), mirrored("a")()];
    first.before(second);
    const versions = [version, await rig.define(other)];
    const held = Promise.withResolvers<void>();
    const schedulers = await Promise.all(
      versions.map(async () =>
        rig.newScheduler(
          { a: () => held.promise, b: () => held.promise },
          { metastore: await metastore.openAgain(), scheduling: { pollMs: 100, maxRuns: 1 }, slots: 1 },
        ),
      ),
    );
    const runs = await Promise.all(
      versions.map((one) =>
        triggerRun(metastore.runs, systemClock, {
          version: one,
          conf: {},
          params: {},
          logicalDate: null,
          cacheMode: "refresh",
        }),
      ),
    );
    const overs = runs.map(({ id }) =>
      Promise.race(schedulers.map(({ scheduler }) => scheduler.whenOver(id))),
    );
    for (const { scheduler } of schedulers) scheduler.start();
    // Each holds one of the two.
    await waitFor(() => schedulers.every(({ executor }) => executor.running === 1));
    held.resolve();
    expect((await Promise.all(overs)).map(({ state }) => state)).toEqual(["success", "success"]);
    await Promise.all(schedulers.map(({ scheduler }) => scheduler.stop(0)));
  });

  test("the database compares the token in the step that stores the record", async () => {
    const record = sampleRecord("fenced", { team: "fenced" });
    const claim = await metastore.leases.tryAcquire("fenced", record.key, "one", HOUR);
    if (claim.kind !== "acquired") throw new Error("held");
    const { database } = metastore.leases;
    const put = (token: number, of: unknown = database) =>
      metastore.records.put(record, "replace", { token, database: of });
    expect(await put(claim.token + 1)).toEqual({ kind: "lease_lost" });
    expect(await put(claim.token)).toEqual({ kind: "stored" });
    await metastore.leases.tryRevoke("fenced", record.key);
    expect(await put(claim.token)).toEqual({ kind: "lease_lost" });
    // Those of another database are not there to be compared with.
    expect(await put(claim.token, "elsewhere")).toEqual({ kind: "stored" });
  });

  test("of records that are stored together, none is without the lock of each", async () => {
    const [locked, other] = [
      sampleRecord("locked", { team: "together" }),
      sampleRecord("other", { team: "together" }),
    ];
    const claim = await metastore.leases.tryAcquire("together", locked.key, "one", HOUR);
    if (claim.kind !== "acquired") throw new Error("held");
    const lease = { token: claim.token, database: metastore.leases.database };
    const putAll = () =>
      metastore.records.putAll?.([
        { record: other, mode: "replace" },
        { record: locked, mode: "replace", lease },
      ]);
    await metastore.leases.tryRevoke("together", locked.key);
    expect(await putAll()).toEqual([{ kind: "lease_lost" }, { kind: "lease_lost" }]);
    expect(await metastore.records.find("together", [locked.key, other.key])).toEqual(new Map());
    const again = await metastore.leases.tryAcquire("together", locked.key, "one", HOUR);
    if (again.kind !== "acquired") throw new Error("held");
    lease.token = again.token;
    expect(await putAll()).toEqual([{ kind: "stored" }, { kind: "stored" }]);
  });
});

/** Acquires once; then the store is away. */
function once(leases: LeaseStore, then: () => Promise<never>): LeaseStore["tryAcquire"] {
  let calls = 0;
  return (...call) => ((calls += 1) === 1 ? leases.tryAcquire(...call) : then());
}
