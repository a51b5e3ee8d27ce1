// Hits under keys that authors weakened, which run and are compared: what is kept, what goes, and who is asked.

import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { findRecheckFaults } from "@memodag/operations/cache";
import { Dag, type CacheConfig } from "memodag";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SchedulerRig, type RigRun, type RigRunOptions } from "./scheduler-rig.ts";

const ALL: RigRunOptions = { cacheLimits: { recheck: 1 } };

describe.each(TEST_DIALECTS)("rechecks on %s", (dialect) => {
  let rig: SchedulerRig;
  let metastore: TestMetastore;
  let dagCount = 0;

  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
  });
  afterAll(() => metastore.close());

  async function define(cache: CacheConfig<"doc" | "at"> | true, count = 1) {
    const dag = new Dag(`rechecked${(dagCount += 1)}`, { maxMapLength: 1_000 });
    const task = dag.task("work", (_args: { doc: { id: number }; at: number }) => null as unknown, { cache });
    if (count === 1) task({ doc: { id: 1 }, at: 1 });
    else task.partial({ at: 1 }).expand({ doc: Array.from({ length: count }, (_, id) => ({ id })) });
    return await rig.define(dag);
  }

  const outcomeOf = ({ instances: [work] }: RigRun) => `${work?.cacheStatus}: ${work?.cacheReason?.code}`;
  const faultsOf = async (dagId: string) =>
    await findRecheckFaults(metastore, await metastore.counters.list({ dagId }));
  const differing = async (dagId: string) =>
    (await metastore.counters.list({ dagId })).reduce((sum, { counts }) => sum + counts.nondeterministic, 0);

  test.each<[string, CacheConfig<"doc" | "at">]>([
    ["excludeInputs", { excludeInputs: ["at"] }],
    ["inputs", { inputs: { doc: ["id"] } }],
    ["source", { source: "version", version: "1" }],
    ["share", { share: "shared" }],
    ["excludeInputs and a lease", { excludeInputs: ["at"], serialize: true }],
  ])("keep a result of the same bytes, and remove one of others: %s", async (_name, cache) => {
    const version = await define(cache);
    await rig.run(version, { work: () => 1 });
    const equal = await rig.run(version, { work: () => 1 }, ALL);
    expect([equal.run.state, outcomeOf(equal), equal.run.processesSpawned]).toEqual([
      "success",
      "miss: recheck",
      1,
    ]);
    expect(outcomeOf(await rig.run(version, {}))).toBe("hit: undefined");
    expect(await differing(version.dagId)).toBe(0);

    const other = await rig.run(version, { work: () => 2 }, ALL);
    expect([other.run.state, outcomeOf(other)]).toEqual(["success", "miss: recheck_differs"]);
    expect(await rig.returned(other, "work")).toBe(2);
    expect(await differing(version.dagId)).toBe(1);
    expect(await faultsOf(version.dagId)).toMatchObject([
      {
        taskId: "work",
        differences: 1,
        lastRunId: other.run.runId,
        leftOut: [expect.stringContaining("work")],
      },
    ]);
    // Neither of the two is known to be right.
    const next = await rig.run(version, { work: () => 3 });
    expect(outcomeOf(next)).toBe("populated: no_entry");
    const decision = await metastore.decisions.find(version.team, next.run.id, {
      taskId: "work",
      mapIndex: -1,
    });
    expect(decision).toMatchObject({
      reason: "purged",
      detail: "a recheck returned other bytes, so it was removed",
    });
  });

  test("leave keys alone that rest on no author's word, tasks that store nothing, and failures", async () => {
    const plain = await define(true);
    await rig.run(plain, { work: () => 1 });
    expect(outcomeOf(await rig.run(plain, { work: () => 2 }, ALL))).toBe("hit: undefined");
    const failing = await define({ excludeInputs: ["at"], errors: "1h" });
    const refuse = (): never => {
      throw new Error("no");
    };
    await rig.run(failing, { work: refuse });
    expect(outcomeOf(await rig.run(failing, { work: refuse }, ALL))).toBe("hit: stored_failure");
  });

  test("name no task whose key leaves nothing out any more, and none that differs of itself", async () => {
    const version = await define({ excludeInputs: ["at"] });
    await rig.run(version, { work: () => 1 });
    await rig.run(version, { work: () => 2 }, ALL);
    expect(await faultsOf(version.dagId)).toHaveLength(1);
    const dag = new Dag(version.dagId);
    dag.task("work", (_args: { at: number }) => null as unknown, { cache: true })({ at: 1 });
    const corrected = await rig.define(dag);
    expect(await faultsOf(version.dagId)).toEqual([]);
    await rig.run(corrected, { work: () => 1 });
    await rig.run(corrected, { work: () => 2 }, { cacheMode: "refresh" });
    expect(await faultsOf(version.dagId)).toEqual([]);
  });

  test("of a task that fails keep the result that is there", async () => {
    const version = await define({ excludeInputs: ["at"] });
    await rig.run(version, { work: () => 1 });
    const fails = (): never => {
      throw new Error("away");
    };
    const failed = await rig.run(version, { work: fails }, ALL);
    expect([failed.run.state, outcomeOf(failed)]).toEqual(["failed", "miss: recheck"]);
    expect(outcomeOf(await rig.run(version, {}))).toBe("hit: undefined");
  });

  test("take about the share that is asked for, others in each run, and the same in each attempt at a run", async () => {
    const version = await define({ excludeInputs: ["at"] }, 400);
    await rig.run(version, { work: () => 1 }, { slots: 500 });
    const chosen = async (options: RigRunOptions) =>
      (await rig.run(version, { work: () => 1 }, { slots: 500, ...options })).instances
        .filter(({ cacheStatus }) => cacheStatus !== "hit")
        .map(({ mapIndex }) => mapIndex);
    const first = await chosen({ cacheLimits: { recheck: 0.25 } });
    const second = await chosen({ cacheLimits: { recheck: 0.25 } });
    for (const some of [first, second]) {
      expect(some.length).toBeGreaterThan(50);
      expect(some.length).toBeLessThan(150);
    }
    expect(first).not.toEqual(second);
    // The deployment's share, and none unless there is one.
    expect(await chosen({ scheduling: { recheckShare: () => 0.25 } })).not.toEqual([]);
    expect(await chosen({})).toEqual([]);
    const some = { cacheLimits: { recheckTask: { taskId: "work", most: 7 } } };
    expect(await chosen(some)).toHaveLength(7);
    expect(await chosen({ cacheLimits: { recheckTask: { taskId: "another", most: 7 } } })).toEqual([]);
    // A run's own goes before it.
    expect(await chosen({ scheduling: { recheckShare: () => 1 }, cacheLimits: { recheck: 0 } })).toEqual([]);
  });
});
