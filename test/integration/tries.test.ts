import { systemClock, type DagRun, type DagVersion, type TaskTry } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { cancelRun, clearRun, triggerRun } from "@memodag/scheduler";
import { Dag } from "memodag";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failed } from "./scripted-executor.ts";
import { SchedulerRig } from "./scheduler-rig.ts";

describe.each(TEST_DIALECTS)("the record of tries on %s", (dialect) => {
  let metastore: TestMetastore;
  let rig: SchedulerRig;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
  });
  afterAll(() => metastore.close());

  const triesOf = async ({ team, id }: DagRun): Promise<TaskTry[]> =>
    await metastore.views.listTries(team, id, { limit: 99 });
  const namesOf = (tries: readonly TaskTry[]) =>
    tries.map(({ taskId, mapIndex, tryNumber, outcome }) => `${taskId}[${mapIndex}] ${tryNumber} ${outcome}`);

  async function begin(version: DagVersion, taskId: string) {
    const begun = Promise.withResolvers<void>();
    const { scheduler } = rig.newScheduler(
      { [taskId]: () => new Promise<never>(() => undefined) },
      {
        listener: {
          instanceChanged: (_, { state }) => {
            if (state === "running") begun.resolve();
          },
        },
      },
    );
    const parts = { version, conf: {}, params: {}, logicalDate: Date.now(), cacheMode: "use" } as const;
    const run = await triggerRun(metastore.runs, systemClock, parts);
    scheduler.start();
    await begun.promise;
    return { run, scheduler };
  }

  test("has each try of what ran, in the order of its times, and none of a hit", async () => {
    const dag = new Dag("retried");
    const fit = dag.task("fit", ({ n }: { n: number }) => n, { cache: true, retries: 1, retryDelay: 0 });
    fit.expand({ n: [1, 2] });
    const version = await rig.define(dag);
    let failures = 0;
    const scripts = {
      fit: ({ mapIndex }: { mapIndex: number }) =>
        mapIndex === 1 && (failures += 1) === 1 ? failed("not yet") : 1,
    };
    const { run } = await rig.run(version, scripts, { slots: 1 });
    const tries = await triesOf(run);
    expect(namesOf(tries)).toEqual(["fit[0] 1 success", "fit[1] 1 failed", "fit[1] 2 success"]);
    expect(tries.map(({ error }) => error?.message ?? null)).toEqual([null, "not yet", null]);
    for (const one of tries) {
      const times = [one.readyAt, one.queuedAt, one.startedAt, one.endedAt];
      expect(times).toEqual(times.toSorted((a, b) => Number(a) - Number(b)));
      expect(times).not.toContain(null);
    }
    const again = await rig.run(version, scripts);
    expect(again.run.sums?.hits ?? 2).toBe(2);
    expect(await triesOf(again.run)).toEqual([]);
  });

  test("has one try for all pokes of a sensor", async () => {
    const dag = new Dag("poked");
    dag.sensor("wait", () => false, { pokeInterval: "1ms", mode: "reschedule" })({});
    const version = await rig.define(dag);
    let pokes = 0;
    const poke = () => ((pokes += 1) < 3 ? { kind: "rescheduled", afterMs: 1, durationMs: 1 } : 1);
    const { run } = await rig.run(version, { wait: poke });
    expect([pokes, namesOf(await triesOf(run))]).toEqual([3, ["wait[-1] 1 success"]]);
  });

  test("shows where a try is while it runs, and ends it with its run or when it is cleared", async () => {
    const dag = new Dag("stopped");
    dag.task("long", () => 1)({});
    const version = await rig.define(dag);
    const first = await begin(version, "long");
    const [open] = await triesOf(first.run);
    expect(open).toMatchObject({ outcome: null, endedAt: null, startedAt: expect.any(Number) });
    await cancelRun(metastore.runs, { run: first.run, version });
    const [ended] = await triesOf(first.run);
    expect(ended).toMatchObject({
      outcome: "cancelled",
      startedAt: open?.startedAt,
      endedAt: expect.any(Number),
    });
    await first.scheduler.stop(0);
    const second = await begin(version, "long");
    await second.scheduler.stop(0);
    await clearRun(
      metastore.runs,
      { run: second.run, version },
      { taskId: "long", downstream: false, useCache: true },
    );
    expect((await triesOf(second.run)).every(({ outcome }) => outcome !== null)).toBe(true);
  });
});
