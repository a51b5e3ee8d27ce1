// Serializable transactions: one run at a time is in them, also over schedulers and through a rollback.

import { setTimeout as rest } from "node:timers/promises";
import { systemClock, type DagRun, type DagVersion, type JsonObject, type TaskInstance } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { triggerRun } from "@memodag/scheduler";
import { Dag, type TransactionOptions } from "memodag";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { failed, type Script } from "./scripted-executor.ts";
import { SchedulerRig } from "./scheduler-rig.ts";

const inert: (args: Record<string, unknown>) => unknown = () => null;

describe.each(TEST_DIALECTS)("serializable transactions on %s", { timeout: 60_000 }, (dialect) => {
  let metastore: TestMetastore;
  let rig: SchedulerRig;
  let dagCount = 0;

  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
  });
  afterAll(() => metastore.close());
  // Locks are given back after the run that held them.
  afterEach(() => vi.waitUntil(async () => (await metastore.leases.list()).length === 0, 20_000));

  async function define(
    options: TransactionOptions,
    params: Record<string, unknown> = {},
  ): Promise<DagVersion> {
    const dag = new Dag(`serial${(dagCount += 1)}`, { maxActiveRuns: 9, params: params as never });
    const load = dag.transaction("load", { isolation: "serializable", ...options });
    const first = load.task("first", inert, { cache: true })({});
    load.task("second", inert, { cache: true })({ first });
    return await rig.define(dag);
  }

  const trigger = (version: DagVersion, params: JsonObject = {}): Promise<DagRun> =>
    triggerRun(metastore.runs, systemClock, {
      version,
      conf: {},
      params,
      logicalDate: null,
      cacheMode: "refresh",
    });

  const rowsOf = (run: DagRun): Promise<TaskInstance[]> => metastore.runs.listTaskInstances(run.team, run.id);
  const leases = async ({ team }: DagVersion): Promise<string[]> =>
    (await metastore.leases.list(team)).map(({ holder }) => holder);

  /** Starts runs, each in a scheduler of its own, and resolves with their states. */
  async function runAll(
    version: DagVersion,
    scripts: Readonly<Record<string, Script>>,
    params: readonly JsonObject[],
  ): Promise<string[]> {
    const runs: DagRun[] = [];
    for (const own of params) runs.push(await trigger(version, own));
    const schedulers = await Promise.all(
      runs.map(async () => {
        const own = await metastore.openAgain();
        return rig.newScheduler(scripts, { metastore: own, scheduling: { maxRuns: 1, pollMs: 50 } });
      }),
    );
    for (const { scheduler } of schedulers) scheduler.start();
    await vi.waitUntil(
      async () => {
        const states = await Promise.all(
          runs.map((run) => metastore.runs.findRun(run.team, run.dagId, run.runId)),
        );
        return states.every((run) => run?.endedAt != null);
      },
      { timeout: 40_000, interval: 50 },
    );
    await Promise.all(schedulers.map(({ scheduler }) => scheduler.whenCallbacksCalled()));
    await Promise.all(schedulers.map(({ scheduler }) => scheduler.stop(0)));
    const ended = await Promise.all(
      runs.map((run) => metastore.runs.findRun(run.team, run.dagId, run.runId)),
    );
    return ended.map((run) => run?.state ?? "");
  }

  /**
   * Which runs are between the start of `first` and the end of `second`, and how many at most. The first waits until so
   * many are in it as `awaited` says: schedulers start at different times.
   */
  function crowd(awaited = 1) {
    const inside = new Set<string>();
    const seen = { most: 0 };
    const scripts: Record<string, Script> = {
      "load.first": async ({ runId }) => {
        inside.add(runId);
        seen.most = Math.max(seen.most, inside.size);
        await vi.waitUntil(() => seen.most >= awaited, 20_000);
        await rest(40);
      },
      "load.second": async ({ runId }) => {
        await rest(20);
        inside.delete(runId);
      },
    };
    return { seen, scripts };
  }

  test("one run at a time is in it, and the lock is free afterwards", async () => {
    const { seen, scripts } = crowd();
    const version = await define({});
    expect(await runAll(version, scripts, [{}, {}, {}])).toEqual(["success", "success", "success"]);
    expect(seen.most).toBe(1);
    await vi.waitUntil(async () => (await leases(version)).length === 0, 20_000);
  });

  test("without it, or with other values of includeInputs, runs are in it together", async () => {
    const free = crowd(2);
    await runAll(await define({ isolation: "read_committed" }), free.scripts, [{}, {}]);
    expect(free.seen.most).toBe(2);
    const keyed = crowd(2);
    const version = await define({ includeInputs: ["params.day"] }, { day: 1 });
    await runAll(version, keyed.scripts, [{ day: 1 }, { day: 2 }]);
    expect(keyed.seen.most).toBe(2);
    const same = crowd();
    await runAll(version, same.scripts, [{ day: 1 }, { day: 1 }]);
    expect(same.seen.most).toBe(1);
  });

  test("a run that waits says for whom, and takes no slot", async () => {
    const version = await define({});
    const gate = Promise.withResolvers<void>();
    const first = rig.newScheduler(
      { "load.first": () => gate.promise },
      { scheduling: { maxRuns: 1, pollMs: 50 } },
    );
    const holder = await trigger(version);
    const over = first.scheduler.whenOver(holder.id);
    first.scheduler.start();
    await vi.waitUntil(async () => (await leases(version)).length === 1, 20_000);
    const other = await metastore.openAgain();
    const second = rig.newScheduler({}, { metastore: other, scheduling: { maxRuns: 1, pollMs: 50 } });
    const waiter = await trigger(version);
    const waited = second.scheduler.whenOver(waiter.id);
    second.scheduler.start();
    // It says so before it knows who holds the lock.
    await vi.waitUntil(
      async () => (JSON.stringify((await rowsOf(waiter))[0]?.cacheReason) ?? "").includes(holder.runId),
      20_000,
    );
    expect((await rowsOf(waiter))[0]).toMatchObject({
      state: "scheduled",
      cacheReason: { detail: { transaction: "load", what: `transaction load of run ${holder.runId}` } },
    });
    expect(second.executor.attempts).toEqual([]);
    gate.resolve();
    expect((await over).state).toBe("success");
    expect((await waited).state).toBe("success");
    await first.scheduler.stop(0);
    await second.scheduler.stop(0);
  });

  test("fails when the lock is not free in time, if it says so", async () => {
    const version = await define({ lock: { wait: "1s", onTimeout: "fail" } });
    const key = await lockKeyOf(version);
    await metastore.leases.tryAcquire(version.team, key, "someone", 60_000);
    const { run, instances } = await rig.run(version, {});
    await metastore.leases.tryRevoke(version.team, key);
    expect(run.state).toBe("failed");
    expect(instances.find(({ taskId }) => taskId === "load.first")?.error?.code).toBe("lock_timeout");
  });

  test("a strict lock that is lost before the commit: nothing is stored", async () => {
    const version = await define({ lock: { unavailable: "wait" } });
    const { states } = await rig.run(version, {
      "load.second": async () => {
        const lease = (await metastore.leases.list(version.team)).find(({ holder }) =>
          holder.startsWith("transaction"),
        );
        if (lease) await metastore.leases.tryRevoke(version.team, lease.key);
      },
    });
    expect(states).toEqual({ "load.first": "success/uncacheable", "load.second": "success/uncacheable" });
    expect(await metastore.records.count({ dagId: version.dagId })).toBe(0);
  });

  test("the next run begins when the callbacks of a rollback have ended", async () => {
    const dag = new Dag(`serial${(dagCount += 1)}`, { maxActiveRuns: 9 });
    const load = dag.transaction("load", { isolation: "serializable", onRollback: () => undefined });
    const first = load.task("first", inert, { cache: true })({});
    load.task("second", inert, { cache: true })({ first });
    const version = await rig.define(dag);
    const order: string[] = [];
    let isFirstRun = true;
    await runAll(
      version,
      {
        "load.first": ({ runId }) => void order.push(`enter ${runId}`),
        "load.second": ({ runId }) => {
          if (!isFirstRun) return null;
          isFirstRun = false;
          return failed(`of ${runId}`);
        },
        "load.rollback": async ({ runId }) => {
          await rest(400);
          order.push(`undone ${runId}`);
        },
        "load.second.rollback": () => null,
      },
      [{}, {}],
    );
    const undone = order.findIndex((step) => step.startsWith("undone"));
    expect(order.filter((step) => step.startsWith("enter"))).toHaveLength(2);
    expect(undone).toBe(1);
  });

  /** The key that a run of it takes. */
  async function lockKeyOf(version: DagVersion): Promise<string> {
    const keys: string[] = [];
    await rig.run(version, {
      "load.first": async () => {
        for (const { key } of await metastore.leases.list(version.team)) keys.push(key);
      },
    });
    await vi.waitUntil(async () => (await leases(version)).length === 0, 20_000);
    return keys[0] ?? "";
  }
});
