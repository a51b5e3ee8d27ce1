import { sumUp, type DagRun, type DagVersion, type SummedRun } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { cancelRun, clearRun, markRun } from "@memodag/scheduler";
import { Dag } from "memodag";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { numbersFrom } from "./numbers-from.ts";
import { SchedulerRig } from "./scheduler-rig.ts";
import type { Script } from "./scripted-executor.ts";

const TASKS = ["list", "fit", "join", "report"];

describe.each(TEST_DIALECTS)("the sums of runs on %s", (dialect) => {
  let metastore: TestMetastore;
  let rig: SchedulerRig;
  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
  });
  afterAll(() => metastore.close());

  async function define(id: string): Promise<DagVersion> {
    const dag = new Dag(id);
    const list = dag.task("list", () => [1, 2, 3], { cache: true });
    const fit = dag.task("fit", ({ n }: { n: number }) => n, { cache: true });
    const join = dag.task("join", ({ all }: { all: readonly number[] }) => all.length, { cache: true });
    dag.task("report", ({ n }: { n: number }) => n)({ n: join({ all: fit.expand({ n: list({}) }) }) });
    return await rig.define(dag);
  }

  const latest = async ({ team, dagId, runId }: DagRun): Promise<DagRun> =>
    (await metastore.runs.findRun(team, dagId, runId)) as DagRun;

  /** As read, and as the instances are. */
  async function sumsOf(run: DagRun): Promise<readonly [SummedRun | undefined, SummedRun]> {
    const found = (await metastore.views.sumUp(run.team, [run.id])).get(run.id);
    return [found, sumUp(await metastore.runs.listTaskInstances(run.team, run.id))];
  }

  /** The sums as they are read, and as its instances say, of a run that may have ended. */
  async function bothOf(run: DagRun): Promise<{ read: unknown; summed: unknown }> {
    const [found, summed] = await sumsOf(run);
    const { sums, endedAt } = await latest(run);
    return { read: [found, sums], summed: [summed, endedAt === null ? null : summed.run] };
  }

  async function toEnd(run: DagRun, scripts: Record<string, Script>): Promise<void> {
    const { scheduler } = rig.newScheduler(scripts);
    const over = scheduler.whenOver(run.id);
    scheduler.start();
    await over;
    await scheduler.stop(0);
  }

  test.each([1, 2, 3, 4])(
    "are those of their instances, whatever happens to them, of seed %i",
    async (seed) => {
      const checks: { read: unknown; summed: unknown }[] = [];
      const next = numbersFrom(seed);
      const version = await define(`dag${seed}`);
      const fails = () => {
        throw new Error("no");
      };
      const scripts = (): Record<string, Script> => ({
        list: () => [1, 2, 3].slice(0, 1 + next(3)),
        ...(next(3) === 0 && { fit: fails }),
        ...(next(3) === 0 && { report: fails }),
      });
      const { run } = await rig.run(version, scripts());
      checks.push(await bothOf(run));
      for (let acts = 0; acts < 6; acts += 1) {
        const of = { run: await latest(run), version };
        const taskId = TASKS[next(TASKS.length)] ?? "";
        switch (next(4)) {
          case 0:
            await markRun(metastore.runs, of, { taskId, state: "success", downstream: next(2) === 0 });
            break;
          case 1:
            if (of.run.endedAt === null) await cancelRun(metastore.runs, of);
            break;
          default:
            await clearRun(metastore.runs, of, {
              taskId,
              downstream: next(2) === 0,
              useCache: next(2) === 0,
            });
        }
        checks.push(await bothOf(run));
        if (next(3) === 0 || (await latest(run)).endedAt !== null) continue;
        await toEnd(run, scripts());
        checks.push(await bothOf(run));
      }
      expect(checks.map(({ read }) => read)).toEqual(checks.map(({ summed }) => summed));
    },
  );

  test("are written at the end of a run, and read without its instances", async () => {
    const version = await define("written");
    const scripts = { list: () => [1, 2, 3] };
    await rig.run(version, scripts);
    const { run } = await rig.run(version, scripts);
    const [, summed] = await sumsOf(run);
    expect(summed.run).toMatchObject({ ran: 1, failed: 0 });
    expect(summed.run.hits).toBeGreaterThan(1);
    await metastore.execute(`delete from task_instance where dag_run_id = ${run.id}`);
    expect((await sumsOf(run))[0]).toEqual(summed);
    // Those of an earlier version have none.
    await metastore.execute(`delete from run_summary where dag_run_id = ${run.id}`);
    expect((await sumsOf(run))[0]?.tasks).toEqual(new Map());
  });
});
