// Locks of the members of transactions, which are kept until the end: lost ones, crossed ones, and equal keys.

import { systemClock, type DagRun, type DagVersion, type TaskInstance } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { triggerRun } from "@memodag/scheduler";
import { Dag, type CacheConfig, type LockSettings } from "memodag";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { failed, type Script } from "./scripted-executor.ts";
import { SchedulerRig } from "./scheduler-rig.ts";

const inert: (args: Record<string, unknown>) => unknown = () => null;
const LOCKS: readonly [string, LockSettings][] = [
  ["soft", {}],
  ["strict", { unavailable: "wait" }],
];

describe.each(TEST_DIALECTS)("locks in transactions on %s", { timeout: 60_000 }, (dialect) => {
  let metastore: TestMetastore;
  let rig: SchedulerRig;
  let dagCount = 0;

  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
  });
  afterAll(() => metastore.close());

  const newDag = (): Dag => new Dag(`dag${(dagCount += 1)}`);
  const cacheOf = (lock: LockSettings): CacheConfig => ({ isolation: "serializable", lock });
  const stored = async ({ dagId }: DagVersion): Promise<number> => await metastore.records.count({ dagId });

  async function rowOf(version: DagVersion, taskId: string): Promise<TaskInstance | undefined> {
    const [run] = await metastore.runs.listRuns({ dagId: version.dagId, limit: 1 });
    const rows = await metastore.runs.listTaskInstances(version.team, run?.id ?? 0);
    return rows.find((row) => row.taskId === taskId);
  }

  /** `load` under a lock, and `process` after it. */
  async function pipeline(lock: LockSettings): Promise<DagVersion> {
    const dag = newDag();
    const etl = dag.transaction("etl", { onCommit: () => undefined });
    const rows = etl.task("load", inert, { cache: cacheOf(lock) })({ n: dagCount });
    etl.task("process", inert, { cache: true })({ rows });
    return await rig.define(dag);
  }

  const trigger = (version: DagVersion): Promise<DagRun> =>
    triggerRun(metastore.runs, systemClock, {
      version,
      conf: {},
      params: {},
      logicalDate: null,
      cacheMode: "refresh",
    });

  test.each(LOCKS)("a member keeps its %s lock until the commit", async (_name, lock) => {
    const version = await pipeline(lock);
    const held: number[] = [];
    const leases = async (): Promise<number> => (await metastore.leases.list(version.team)).length;
    const { states } = await rig.run(version, {
      "etl.process": async () => {
        held.push(await leases());
        return 1;
      },
    });
    expect(held).toEqual([1]);
    expect(states).toEqual({ "etl.load": "success/populated", "etl.process": "success/populated" });
    await vi.waitUntil(async () => (await leases()) === 0, 20_000);
  });

  test.each([
    ["is released by a person", "revoked"],
    ["has expired, and another process has it", "taken"],
  ] as const)("a strict lock that %s before the commit: nothing is stored", async (_name, how) => {
    const version = await pipeline({ unavailable: "wait" });
    const run = await rig.run(version, {
      "etl.process": async () => {
        const key = (await rowOf(version, "etl.load"))?.cacheKey ?? "";
        await metastore.leases.tryRevoke(version.team, key);
        if (how === "taken") await metastore.leases.tryAcquire(version.team, key, "another run", 60_000);
        return 1;
      },
      "etl.commit": () => null,
    });
    expect(run.states).toEqual({ "etl.load": "success/uncacheable", "etl.process": "success/uncacheable" });
    expect(run.instances.map(({ cacheReason }) => cacheReason?.code)).toEqual(["lease_lost", "lease_lost"]);
    expect(await stored(version)).toBe(0);
    // All tasks have succeeded all the same.
    expect(run.executor.submitted).toEqual(["etl.load", "etl.process", "etl.commit"]);
  });

  test("a soft lock that is lost before the commit: all is stored", async () => {
    const version = await pipeline({});
    const { states } = await rig.run(version, {
      "etl.process": async () => {
        const key = (await rowOf(version, "etl.load"))?.cacheKey ?? "";
        await metastore.leases.tryRevoke(version.team, key);
        return 1;
      },
    });
    expect(states).toEqual({ "etl.load": "success/populated", "etl.process": "success/populated" });
    expect(await stored(version)).toBe(2);
  });

  test("a strict lock of a scheduler that was killed is not that of the next one: nothing is stored", async () => {
    const version = await pipeline({ unavailable: "wait" });
    const reached = Promise.withResolvers<void>();
    const dead = rig.newScheduler(
      {
        "etl.process": () => {
          reached.resolve();
          return new Promise(() => undefined);
        },
      },
      { metastore: await metastore.openAgain() },
    );
    const { id } = await trigger(version);
    dead.scheduler.start();
    await reached.promise;
    // As after a kill: its lease of the run is over, and it hears of nothing.
    for (const owner of await metastore.runs.listLeaseOwners()) await metastore.runs.releaseLeases(owner);
    const next = rig.newScheduler({ "etl.process": () => 1 }, { metastore: await metastore.openAgain() });
    const over = next.scheduler.whenOver(id);
    next.scheduler.start();
    expect((await over).state).toBe("success");
    await next.scheduler.whenCallbacksCalled();
    await Promise.all([next.scheduler.stop(0), dead.scheduler.stop(0)]);
    expect(await rowOf(version, "etl.load")).toMatchObject({ cacheReason: { code: "lease_lost" } });
    expect(await stored(version)).toBe(0);
  });

  test.each(LOCKS)("of members with one key and a %s lock, one runs", async (_name, lock) => {
    const dag = newDag();
    const etl = dag.transaction("etl");
    const many = etl.task("many", inert, { cache: cacheOf(lock) }).expand({ n: [1, 1, 2, 1] });
    etl.task("sum", inert, { cache: true })({ many });
    const version = await rig.define(dag);
    const { states, executor } = await rig.run(version, { "etl.many": (_, { n }) => n });
    expect(executor.submitted.toSorted()).toEqual(["etl.many[0]", "etl.many[2]", "etl.sum"]);
    expect(states).toEqual({
      "etl.many[0]": "success/populated",
      "etl.many[1]": "success/hit",
      "etl.many[2]": "success/populated",
      "etl.many[3]": "success/hit",
      "etl.sum": "success/populated",
    });
    expect(await stored(version)).toBe(3);
  });

  test.each(LOCKS)(
    "when the first of them fails, the next one runs under the %s lock",
    async (_name, lock) => {
      const dag = newDag();
      const etl = dag.transaction("etl", { failOn: "leaves" });
      const many = etl.task("many", inert, { cache: cacheOf(lock) }).expand({ n: [1, 1] });
      etl.task("sum", inert, { cache: true, triggerRule: "all_done" })({ many });
      let calls = 0;
      const work: Script = () => ((calls += 1) === 1 ? failed("once") : "done");
      const { states } = await rig.run(await rig.define(dag), { "etl.many": work });
      expect(states).toEqual({
        "etl.many[0]": "failed/miss",
        "etl.many[1]": "success/populated",
        "etl.sum": "success/populated",
      });
    },
  );

  test.each(LOCKS)("two runs whose transactions cross two %s locks both end", async (name, lock) => {
    const share = `crossed${(dagCount += 1)}`;
    const versions = await Promise.all(
      [
        ["a", "b"],
        ["b", "a"],
      ].map(async ([first = "", second = ""]) => {
        const dag = newDag();
        const etl = dag.transaction("etl");
        const task = (id: string) =>
          etl.task(id, inert as () => null, { cache: { ...cacheOf(lock), share: `${share}${id}` } })();
        task(first).before(task(second));
        return await rig.define(dag);
      }),
    );
    // Each has run its first task, whose lock it keeps, before one goes on to its second.
    const both = Promise.withResolvers<void>();
    let begun = 0;
    const work: Script = async () => {
      begun += 1;
      if (begun === 2) both.resolve();
      await both.promise;
      return "done";
    };
    const schedulers = await Promise.all(
      versions.map(async () =>
        rig.newScheduler(
          { "etl.a": work, "etl.b": work },
          { metastore: await metastore.openAgain(), scheduling: { pollMs: 100, maxRuns: 1 } },
        ),
      ),
    );
    const runs = await Promise.all(versions.map(trigger));
    const overs = runs.map(({ id }) =>
      Promise.race(schedulers.map(({ scheduler }) => scheduler.whenOver(id))),
    );
    for (const { scheduler } of schedulers) scheduler.start();
    expect((await Promise.all(overs)).map(({ state }) => state)).toEqual(["success", "success"]);
    await Promise.all(schedulers.map(({ scheduler }) => scheduler.stop(0)));
    expect(begun).toBe(4);
    const lost = await Promise.all(
      runs.map(async ({ team, id }) =>
        (await metastore.runs.listTaskInstances(team, id)).map(
          ({ cacheReason }) => cacheReason?.code === "lease_lost",
        ),
      ),
    );
    // One that gave a strict lock back, in order to wait, stores nothing.
    for (const ofRun of lost) expect(new Set(ofRun).size).toBe(1);
    const count = lost.filter(([isLost]) => isLost !== true).length;
    const records = await Promise.all(versions.map(stored));
    expect(Math.max(...records) > 0).toBe(count > 0);
    expect(count).toBeGreaterThanOrEqual(name === "soft" ? 2 : 0);
    console.log(`${dialect}: ${name} locks crossed, ${count} of 2 runs stored their results`);
  });
});
