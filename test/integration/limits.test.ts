// Limits as runs meet them: pools and maxActiveTasks over several schedulers, and hits that take none.

import { setTimeout as rest } from "node:timers/promises";
import { systemClock, type DagRun, type DagVersion } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { triggerRun } from "@memodag/scheduler";
import { Dag } from "memodag";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SchedulerRig } from "./scheduler-rig.ts";

const inert: (args: Record<string, unknown>) => unknown = () => null;

describe.each(TEST_DIALECTS)("limits on %s", (dialect) => {
  let metastore: TestMetastore;
  let rig: SchedulerRig;
  let dagCount = 0;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
  });
  afterAll(() => metastore.close());

  const newDag = (options = {}): Dag => new Dag(`limited${(dagCount += 1)}`, options);
  const trigger = (version: DagVersion): Promise<DagRun> =>
    triggerRun(metastore.runs, systemClock, {
      version,
      conf: {},
      params: {},
      logicalDate: null,
      cacheMode: "use",
    });

  /** A Dag of mapped tasks, and how many of them run at once at most. */
  function crowd(count: number, dagOptions = {}, taskOptions = {}) {
    const dag = newDag(dagOptions);
    const work = dag.task("work", inert as (args: { n: number }) => number, taskOptions);
    work.partial({}).expand({ n: Array.from({ length: count }, (_, n) => n) });
    const seen = { now: 0, most: 0 };
    const script = async (): Promise<null> => {
      seen.most = Math.max(seen.most, (seen.now += 1));
      await rest(5);
      seen.now -= 1;
      return null;
    };
    return { dag, seen, scripts: { work: script } };
  }

  /** Runs two runs at once, in two schedulers that hold one each. */
  async function runInTwo(version: DagVersion, scripts: Record<string, () => unknown>) {
    const ended = Promise.withResolvers<void>();
    const states: string[] = [];
    const listener = {
      runChanged(run: DagRun) {
        if (run.endedAt !== null && states.push(run.state) === 2) ended.resolve();
      },
    };
    const poolSlots = new Map([
      ["gpu", 2],
      ["default_pool", 128],
    ]);
    const scheduling = { maxRuns: 1, pollMs: 50, poolSlots };
    // Nothing ends before each holds its run: whoever is done would take the other's.
    const bothHold = Promise.withResolvers<void>();
    const held = (script: () => unknown) => async () => {
      await bothHold.promise;
      return await script();
    };
    const heldScripts = Object.fromEntries(
      Object.entries(scripts).map(([taskId, script]) => [taskId, held(script)]),
    );
    await trigger(version);
    await trigger(version);
    const schedulers = [metastore, await metastore.openAgain()].map((own) =>
      rig.newScheduler(heldScripts, { metastore: own, listener, scheduling, slots: 10 }),
    );
    for (const { scheduler } of schedulers) scheduler.start();
    while (schedulers.some(({ scheduler }) => scheduler.heldRuns.length === 0)) await rest(5);
    bothHold.resolve();
    await ended.promise;
    await Promise.all(schedulers.map(({ scheduler }) => scheduler.stop(0)));
    return { states, attempts: schedulers.map(({ executor }) => executor.attempts.length) };
  }

  test("a pool's slots are shared by all schedulers", async () => {
    const { dag, seen, scripts } = crowd(12, {}, { pool: "gpu" });
    const { states, attempts } = await runInTwo(await rig.define(dag), scripts);
    expect(states).toEqual(["success", "success"]);
    expect(attempts).toEqual([12, 12]);
    expect(seen.most).toBe(2);
  });

  test("maxActiveTasks holds over all runs of a Dag, in all schedulers", async () => {
    const { dag, seen, scripts } = crowd(12, { maxActiveTasks: 3 });
    const { states } = await runInTwo(await rig.define(dag), scripts);
    expect(states).toEqual(["success", "success"]);
    expect(seen.most).toBe(3);
  });

  test("a task that asks for more slots than its pool has runs alone", async () => {
    const { dag, seen, scripts } = crowd(4, {}, { pool: "gpu", poolSlots: 5 });
    expect((await runInTwo(await rig.define(dag), scripts)).states).toEqual(["success", "success"]);
    expect(seen.most).toBe(1);
  });

  test("a full pool keeps no task of another pool waiting, and hits take no slot", async () => {
    const scheduling = {
      poolSlots: new Map([
        ["gpu", 1],
        ["default_pool", 9],
      ]),
    };
    const dag = newDag();
    const hog = dag.task("hog", inert, { pool: "gpu", priorityWeight: 9 });
    const next = dag.task("next", inert, { pool: "gpu", priorityWeight: 8 });
    const free = dag.task("free", inert);
    for (const task of [hog, next, free]) task({});
    const cachedDag = newDag();
    cachedDag.task("cached", inert, { pool: "gpu", cache: true })({});
    const cached = await rig.define(cachedDag);
    await rig.run(cached, { cached: () => 1 }, { scheduling });

    const gate = Promise.withResolvers<null>();
    const freed = Promise.withResolvers<void>();
    const { scheduler, executor } = rig.newScheduler(
      { hog: () => gate.promise, free: () => freed.resolve() },
      { scheduling, slots: 5 },
    );
    const run = await trigger(await rig.define(dag));
    const hit = await trigger(cached);
    const over = scheduler.whenOver(run.id);
    const hitOver = scheduler.whenOver(hit.id);
    scheduler.start();
    await freed.promise;
    expect(await hitOver).toMatchObject({ state: "success", processesSpawned: 0 });
    expect(executor.submitted.toSorted()).toEqual(["free", "hog"]);
    gate.resolve(null);
    expect((await over).state).toBe("success");
    expect(executor.submitted.at(-1)).toBe("next");
    await scheduler.stop(0);
  });

  test("a pool that nobody configured fails its tasks and says what to do", async () => {
    const dag = newDag();
    dag.task("work", inert, { pool: "tpu", retries: 3 })({});
    const { run, instances } = await rig.run(await rig.define(dag), {});
    expect(run.state).toBe("failed");
    expect(instances[0]).toMatchObject({ state: "failed", tryNumber: 1 });
    expect(instances[0]?.error).toEqual({
      code: "pool_not_found",
      message: expect.stringMatching(/"work" uses pool "tpu".*\[\[pools\]\] entry with name = "tpu"/),
    });
  });
});
