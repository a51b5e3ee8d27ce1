// Runs of one task alone: what they receive of an earlier run, from which run, and what changing them leaves.

import { systemClock, type DagRun, type RunSelection } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { clearRun, markRun, triggerRun } from "@memodag/scheduler";
import { Dag } from "memodag";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SchedulerRig } from "./scheduler-rig.ts";
import { failed, type Script, type ScriptedExecutor } from "./scripted-executor.ts";

const inert = (): null => null;

const only = (taskId: string): { selection: RunSelection } => ({ selection: { only: taskId } });
const skips = { kind: "skipped", reason: "nothing to do", durationMs: 1 } as const;

describe.each(TEST_DIALECTS)("a run of one task, on %s", (dialect) => {
  let rig: SchedulerRig;
  let metastore: TestMetastore;
  let dagCount = 0;
  const newDag = (): Dag => new Dag(`alone${(dagCount += 1)}`);

  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
  });
  afterAll(() => metastore.close());

  /** items → g.double (mapped) → sum → report; before → sum as an order alone. */
  function defineSums(): Dag {
    const dag = newDag();
    const items = dag.task("items", (): number[] => [], { cache: true })();
    const before = dag.task("before", inert)();
    const double = ({ item }: { item: number }): number => item;
    const group = dag.taskGroup("g");
    const doubled = group
      .task("double", double, { cache: true, triggerRule: "none_failed" })
      .expand({ item: items });
    const sum = dag
      .task("sum", ({ all }: { all: number[] }) => all.length, {
        cache: true,
        triggerRule: "none_failed",
      })({ all: doubled })
      .after(before);
    dag.task("report", ({ total }: { total: number }) => total)({ total: sum });
    return dag;
  }

  /** The last element is skipped, and so has no result. */
  const scripts: Record<string, Script> = {
    items: () => [1, 2, 3],
    "g.double": (_, { item }) => (item === 3 ? skips : Number(item) * 2),
    sum: (_, { all }) => JSON.stringify(all),
    report: (_, { total }) => total,
  };

  /** Lets a scheduler end a run that was changed. */
  async function finish({ id }: DagRun): Promise<ScriptedExecutor> {
    const { scheduler, executor } = rig.newScheduler(scripts);
    const over = scheduler.whenOver(id);
    scheduler.start();
    await over;
    await scheduler.stop(0);
    return executor;
  }

  test("takes what the latest run left, and has the keys of a run of all tasks", async () => {
    const version = await rig.define(defineSums());
    const all = await rig.run(version, scripts);
    expect(all.run.state).toBe("success");
    expect(await rig.returned(all, "sum")).toBe("[2,4,null]");
    const sum = await rig.run(version, {}, only("sum"));
    expect(sum.run).toMatchObject({
      state: "success",
      selection: { only: "sum", inputsFrom: all.run.runId },
      processesSpawned: 0,
    });
    expect(sum.states).toEqual({
      items: "skipped/null",
      before: "skipped/null",
      "g.double[0]": "skipped/null",
      "g.double[1]": "skipped/null",
      "g.double[2]": "skipped/null",
      sum: "success/hit",
      report: "skipped/null",
    });
    const skipped = sum.instances.filter(({ state }) => state === "skipped");
    expect(new Set(skipped.map(({ error }) => error?.code))).toEqual(new Set(["not_selected"]));
    // Without the cache it receives the same, whatever the scripts of the others are now.
    const again = await rig.run(
      version,
      { ...scripts, items: () => [7] },
      { ...only("sum"), cacheMode: "off" },
    );
    expect(again.executor.submitted).toEqual(["sum"]);
    expect(await rig.returned(again, "sum")).toBe("[2,4,null]");
    const each = await rig.run(version, scripts, only("g.double"));
    expect(each.states).toMatchObject({
      "g.double[0]": "success/hit",
      "g.double[1]": "success/hit",
      "g.double[2]": "skipped/miss",
      sum: "skipped/null",
    });
    // A run of one task has its result for the next one.
    const report = await rig.run(version, scripts, only("report"));
    expect(report.run).toMatchObject({ selection: { inputsFrom: again.run.runId } });
    expect(await rig.returned(report, "report")).toBe("[2,4,null]");
  });

  test("fails as its task does", async () => {
    const version = await rig.define(defineSums());
    await rig.run(version, scripts);
    const { run } = await rig.run(version, { sum: () => failed("no") }, { ...only("sum"), cacheMode: "off" });
    expect(run.state).toBe("failed");
  });

  test("is not made where no finished run has the results that its task takes", async () => {
    const version = await rig.define(defineSums());
    await expect(rig.run(version, scripts, only("sum"))).rejects.toMatchObject({
      code: "xcom_not_found",
      message: expect.stringMatching(/takes the result of "g\.double", and no finished run .*--until sum/su),
    });
    const fails: Script = () => failed("no");
    const broken = await rig.run(version, { ...scripts, "g.double": fails });
    expect(broken.run.state).toBe("failed");
    await expect(rig.run(version, scripts, only("sum"))).rejects.toMatchObject({ code: "xcom_not_found" });
    // What it is mapped over is there.
    const mapped = await rig.run(version, scripts, only("g.double"));
    expect(mapped.run).toMatchObject({ state: "success", selection: { inputsFrom: broken.run.runId } });
    // A task that takes no results needs no run; one that has finished gives what is upstream.
    expect((await rig.run(version, scripts, only("items"))).run.state).toBe("success");
    expect(await metastore.runs.listRuns({ dagId: version.dagId, limit: 9 })).toHaveLength(3);
  });

  test("takes nothing of a run in which an input failed, was set manually, or was not part of it", async () => {
    const version = await rig.define(defineSums());
    const good = await rig.run(version, scripts);
    const marked = await rig.run(version, { ...scripts, items: () => failed("no") }, { cacheMode: "off" });
    const mark = { taskId: "sum", state: "success", downstream: false } as const;
    await markRun(metastore.runs, { run: marked.run, version }, mark);
    await finish(marked.run);
    await rig.run(version, scripts, { selection: { until: "items" } });
    const running = await triggerRun(metastore.runs, systemClock, {
      version,
      conf: {},
      params: {},
      logicalDate: null,
      cacheMode: "use",
    });
    expect((await rig.run(version, scripts, only("report"))).run).toMatchObject({
      selection: { inputsFrom: good.run.runId },
    });
    expect(running.state).toBe("queued");
  });

  test("receives null where its run did, and nothing of another shape of the Dag", async () => {
    const branched = (isMapped: boolean): Dag => {
      const dag = new Dag(`alone${dagCount}`);
      const choice = dag.task("choice", (): boolean => true)();
      const plain = dag.task("yes", ({ item = 0 }: { item?: number }) => item);
      const yes = isMapped ? plain.expand({ item: [1, 2] }) : plain({});
      const no = dag.task("no", (): number => 0)();
      dag.if(choice).then(yes).else(no);
      const list = (value: unknown): unknown => value;
      dag.task("join", ({ a, b }: { a: unknown; b: unknown }) => list([a, b]), {
        triggerRule: "none_failed",
      })({
        a: yes,
        b: no,
      });
      return dag;
    };
    dagCount += 1;
    const version = await rig.define(branched(false));
    const joined: Record<string, Script> = {
      choice: () => true,
      yes: () => 1,
      join: (_, { a, b }) => [a, b],
    };
    await rig.run(version, joined);
    expect(await rig.returned(await rig.run(version, joined, only("join")), "join")).toEqual([1, null]);
    const chosen = await rig.run(version, { no: () => 5 }, only("no"));
    expect(chosen.states).toMatchObject({ no: "success/disabled", yes: "skipped/null" });
    const mapped = await rig.define(branched(true), "v2");
    await expect(rig.run(mapped, joined, only("join"))).rejects.toMatchObject({ code: "xcom_not_found" });
  });

  test("keeps what it received when it is cleared, and refuses changes of tasks that it leaves out", async () => {
    const version = await rig.define(defineSums());
    await rig.run(version, scripts);
    const { run } = await rig.run(version, scripts, only("sum"));
    const of = { run, version };
    const wanted = { downstream: true, useCache: false };
    const refused = {
      code: "task_not_found",
      message: expect.stringContaining("not part of run") as string,
    };
    await expect(clearRun(metastore.runs, of, { ...wanted, taskId: "g.double" })).rejects.toMatchObject(
      refused,
    );
    const mark = { taskId: "g.double", state: "failed", downstream: false } as const;
    await expect(markRun(metastore.runs, of, mark)).rejects.toMatchObject(refused);
    expect(await clearRun(metastore.runs, of, { ...wanted, taskId: "sum" })).toEqual([
      { taskId: "sum", mapIndex: -1 },
    ]);
    const executor = await finish(run);
    expect(executor.submitted).toEqual(["sum"]);
    const instances = await metastore.runs.listTaskInstances(run.team, run.id);
    const after = { run, instances, executor, states: {} };
    expect(await rig.returned(after, "sum")).toBe("[2,4,null]");
  });
});
