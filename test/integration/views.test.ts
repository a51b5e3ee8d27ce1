import { MemodagError, silentLogger, systemClock, type DagVersion, type JsonObject } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import type { OperationContext, Stores } from "@memodag/operations";
import { findOperation, type OperationTypes } from "@memodag/operations/contract";
import type { DagGrid } from "@memodag/operations/dags";
import {
  diffRuns,
  type HomeReport,
  type InstanceColumns,
  type InstancePage,
  type RunOutline,
} from "@memodag/operations/runs";
import type { ClearedTasks, ValueReport } from "@memodag/operations/tasks";
import { Values } from "@memodag/result-cache";
import { Dag } from "memodag";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SchedulerRig } from "./scheduler-rig.ts";
import type { Script } from "./scripted-executor.ts";

type RunComparison = OperationTypes["runs.compare"]["output"];

const SCRIPTS: Record<string, Script> = { list: () => [1, 2, 3], fit: () => 1, report: () => 1 };

/** A store one of whose methods rejects. */
function failingAt<Store extends object>(store: Store, method: keyof Store, fault: Error): Store {
  return new Proxy(store, {
    get: (target, name) => {
      if (name === method) return () => Promise.reject(fault);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

describe.each(TEST_DIALECTS)("views of runs on %s", (dialect) => {
  let metastore: TestMetastore;
  let rig: SchedulerRig;
  let version: DagVersion;
  let runIds: string[];

  function contextWith(stores: Partial<Stores> = {}): OperationContext {
    return {
      stores: Object.assign(Object.create(metastore) as TestMetastore, {
        values: new Values({ metadata: metastore.results, clock: systemClock }),
        listRecordStores: () => Promise.resolve([{ name: null, records: metastore.records }]),
        ...stores,
      }),
      clock: systemClock,
      log: silentLogger,
      settings: { secretPatterns: ["*token*"] },
    } as unknown as OperationContext;
  }

  /** The output of an operation, which its schema has to take. */
  async function ask<T>(name: string, input: JsonObject, stores: Partial<Stores> = {}): Promise<T> {
    const operation = findOperation(name);
    if (!operation) throw new Error(`there is no operation ${name}`);
    const context = contextWith(stores);
    const output = JSON.parse(
      JSON.stringify(await operation.run(context, operation.input.parse(input))),
    ) as T;
    expect(operation.output.parse(output)).toEqual(output);
    return output;
  }

  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
    const dag = new Dag("views");
    const list = dag.task("list", () => [1, 2, 3], { cache: true });
    const fit = dag.task("fit", ({ n }: { n: number }) => n, { cache: true });
    const report = dag.task("report", ({ all }: { all: readonly number[] }) => all.length);
    report({ all: fit.expand({ n: list({}) }) });
    version = await rig.define(dag);
    const fails = () => {
      throw new Error("The disk is FULL");
    };
    const runs = [
      await rig.run(version, SCRIPTS),
      await rig.run(version, SCRIPTS),
      await rig.run(version, { ...SCRIPTS, report: fails }),
    ];
    runIds = runs.map(({ run }) => run.runId);
  }, 60_000);
  afterAll(() => metastore.close());

  test("a grid has a letter for each task of each run, and counts of mapped ones", async () => {
    const grid = await ask<DagGrid>("dags.grid", { dagId: "views" });
    expect(grid.tasks).toEqual([
      { taskId: "list", isMapped: false },
      { taskId: "fit", isMapped: true },
      { taskId: "report", isMapped: false },
    ]);
    expect(grid.runs.map(({ runId, cells, mapped, state }) => [runId, cells, mapped, state])).toEqual([
      [runIds[2], "HHF", { fit: { H: 3 } }, "failed"],
      [runIds[1], "HHS", { fit: { H: 3 } }, "success"],
      [runIds[0], "PPS", { fit: { P: 3 } }, "success"],
    ]);
    expect(grid.runs[1]).toMatchObject({
      hits: 4,
      ran: 1,
      failed: 0,
      version: version.digest,
      runType: "manual",
    });
  });

  test("a grid goes on where a page ended, and has the runs that are asked for", async () => {
    const first = await ask<DagGrid>("dags.grid", { dagId: "views", limit: 2 });
    const rest = await ask<DagGrid>("dags.grid", { dagId: "views", limit: 2, after: first.next });
    expect([...first.runs, ...rest.runs].map(({ runId }) => runId)).toEqual(runIds.toReversed());
    expect(rest.next).toBeNull();
    const some = await ask<DagGrid>("dags.grid", { dagId: "views", runIds: [runIds[0] ?? "", "none"] });
    expect(some.runs.map(({ runId }) => runId)).toEqual([runIds[0]]);
  });

  test("columns hold what rows do", async () => {
    const [runId = ""] = runIds;
    const rows = await ask<InstancePage>("runs.instances", { dagId: "views", runId });
    const columns = await ask<InstanceColumns>("runs.instance-columns", { dagId: "views", runId });
    expect(columns.cells).toBe("PPPPS");
    expect(columns.task.map((place, index) => [columns.tasks[place], columns.mapIndex[index]])).toEqual(
      rows.items.map(({ taskId, mapIndex }) => [taskId, mapIndex]),
    );
    const start = Date.parse(columns.from);
    expect(columns.endedMs.map((ms) => new Date(start + (ms ?? 0)).toISOString())).toEqual(
      rows.items.map(({ endedAt }) => endedAt),
    );
    expect(columns.durationMs).toEqual(rows.items.map(({ durationMs }) => durationMs));
    expect([columns.revision, columns.isDelta, columns.next]).toEqual([rows.revision, false, null]);
  });

  test("instances are chosen by what is known of them, page by page, and by what has changed", async () => {
    const name = { dagId: "views", runId: runIds[2] ?? "" };
    const namesOf = async (input: JsonObject) =>
      (await ask<InstancePage>("runs.instances", { ...name, ...input })).items.map(
        ({ taskId, mapIndex }) => `${taskId}${mapIndex}`,
      );
    expect(await namesOf({ state: "failed" })).toEqual(["report-1"]);
    expect(await namesOf({ text: "disk is full" })).toEqual(["report-1"]);
    expect(await namesOf({ cacheStatus: "hit", taskId: "fit" })).toEqual(["fit0", "fit1", "fit2"]);
    const first = await ask<InstancePage>("runs.instances", { ...name, limit: 4 });
    expect(await namesOf({ limit: 4, after: first.next })).toEqual(["report-1"]);
    expect(await namesOf({ since: first.revision })).toEqual([]);
    const [hit] = first.items;
    expect(hit?.producer).toMatchObject({ runId: runIds[0] });
  });

  test("an outline has what a run came to, the run before it, and its tasks with what they wait for", async () => {
    const outline = await ask<RunOutline>("runs.outline", { dagId: "views", runId: runIds[2] ?? "" });
    expect(outline).toMatchObject({
      previousRunId: runIds[1],
      cacheMode: "use",
      version: version.digest,
      hits: 4,
      ran: 1,
      failed: 1,
      tasks: [
        { taskId: "list", upstream: [], isMapped: false },
        { taskId: "fit", upstream: ["list"], isMapped: true },
        { taskId: "report", upstream: ["fit"], isMapped: false },
      ],
    });
    const first = await ask<RunOutline>("runs.outline", { dagId: "views", runId: runIds[0] ?? "" });
    expect(first.previousRunId).toBeNull();
  });

  test("an outline hides all params of a run whose Dag it cannot read, and fails with its database", async () => {
    const dag = new Dag("newer", {
      params: { pin: { default: 1234, schema: { type: "number", writeOnly: true } } },
    });
    dag.task("list", () => [1])({});
    const { run } = await rig.run(await rig.define(dag), SCRIPTS, {
      params: { pin: 1234 },
      conf: { day: 1 },
    });
    const outline = async (fault: Error): Promise<RunOutline> => {
      const dags = failingAt(metastore.dags, "getDagVersion", fault);
      return await ask<RunOutline>("runs.outline", { dagId: "newer", runId: run.runId }, { dags });
    };
    const newer = await outline(new MemodagError("database_newer", "a later format"));
    expect(newer).toMatchObject({ params: { pin: "***" }, conf: { day: "***" }, version: null, tasks: [] });
    await expect(outline(new MemodagError("database_unreachable", "away"))).rejects.toThrow("away");
  });

  test("what a clear would reset is what it resets, and nothing is changed by asking", async () => {
    const name = { dagId: "views", runId: runIds[2] ?? "" };
    const planned = await ask<ClearedTasks>("tasks.plan-clear", {
      ...name,
      taskId: "list",
      downstream: true,
    });
    expect(planned.cleared.map(({ taskId, mapIndex }) => `${taskId}${mapIndex}`)).toEqual([
      "fit0",
      "fit1",
      "fit2",
      "list-1",
      "report-1",
    ]);
    expect(planned.state).toBe("failed");
    const failed = await ask<ClearedTasks>("tasks.plan-clear", name);
    expect(failed.cleared).toEqual([{ taskId: "report", mapIndex: -1 }]);
  });

  test("values have their sizes and text", async () => {
    const values = await ask<ValueReport[]>("tasks.values", {
      dagId: "views",
      runId: runIds[0] ?? "",
      taskId: "list",
    });
    expect(values).toMatchObject([
      { key: "return_value", sizeBytes: 7, text: "[\n  1,\n  2,\n  3\n]", isWhole: true },
    ]);
  });

  test("runs are chosen by state, time and text", async () => {
    const idsOf = async (input: JsonObject) =>
      (await ask<{ items: { runId: string }[] }>("runs.list", { dagId: "views", ...input })).items.map(
        ({ runId }) => runId,
      );
    expect(await idsOf({ state: "failed" })).toEqual([runIds[2]]);
    expect(await idsOf({ runType: "scheduled" })).toEqual([]);
    expect(await idsOf({ to: "2020-01-01" })).toEqual([]);
    expect(await idsOf({ from: "2020-01-01", text: "VIEW" })).toEqual(runIds.toReversed());
    expect(await idsOf({ text: runIds[1]?.slice(-6) ?? "" })).toEqual([runIds[1]]);
  });

  test("a calendar counts runs by day and state, and home sums up what has ended", async () => {
    const days = await ask<object[]>("dags.calendar", { dagId: "views" });
    expect(days.length).toBeLessThanOrEqual(2);
    const today = { success: 2, failed: 1, running: 0, queued: 0, hits: 8, ran: 7 };
    // Unless the tests run at midnight.
    expect(days.length === 1 ? days[0] : today).toMatchObject(today);
    expect(await ask("dags.calendar", { dagId: "views", to: "2020-01-01" })).toEqual([]);
    const home = await ask<HomeReport>("runs.home", {});
    expect(home.days.reduce((sum, { hits }) => sum + hits, 0)).toBe(8);
    expect(home.failures).toMatchObject([
      { runId: runIds[2], taskIds: ["report"], tasks: { success: 4, failed: 1 } },
    ]);
    expect(home).toMatchObject({ activeCount: 0, active: [] });
    expect(home.misses.reduce((sum, { count }) => sum + count, 0)).toBe(4);
    expect(await ask("cache.reasons", { days: 1 })).toMatchObject([
      { taskId: "fit", reason: "first_run", count: 3, last: { runId: runIds[0], mapIndex: 0, changed: [] } },
      { taskId: "list", reason: "first_run", count: 1, last: { mapIndex: -1 } },
    ]);
    expect(await ask("cache.reasons", { team: "none" })).toEqual([]);
    await metastore.runs.createRun({
      team: "default",
      dagId: "views",
      runId: "open",
      runType: "manual",
      dagVersionId: version.id,
      logicalDate: null,
      dataIntervalStart: null,
      dataIntervalEnd: null,
      conf: {},
      params: {},
      cacheMode: "use",
    });
    expect(await ask("runs.home", { team: "default" })).toMatchObject({
      activeCount: 1,
      active: [{ runId: "open", tasks: {} }],
    });
    expect(await ask("runs.home", { team: "none" })).toMatchObject({
      activeCount: 0,
      active: [],
      days: [],
      misses: [],
    });
  });

  test("a comparison names the tasks whose keys or results differ, and by which part", async () => {
    const [before = "", after = ""] = runIds;
    const same = await ask<RunComparison>("runs.compare", { dagId: "views", before, after });
    expect(same.tasks.map(({ taskId, differing }) => [taskId, differing])).toEqual([
      ["list", 0],
      ["fit", 0],
      ["report", 0],
    ]);
    expect(same.tasks[0]?.instances).toMatchObject([
      {
        mapIndex: -1,
        key: "same",
        result: "same",
        before: { cacheStatus: "populated" },
        after: { cacheStatus: "hit" },
      },
    ]);
    expect(same.tasks[1]).toMatchObject({ before: { P: 3 }, after: { H: 3 }, instances: [] });
    const other = await rig.run(version, { ...SCRIPTS, list: () => [1, 2, 4] }, { cacheMode: "refresh" });
    const comparison = await ask<RunComparison>("runs.compare", {
      dagId: "views",
      before,
      after: other.run.runId,
    });
    expect(comparison.tasks[0]?.instances).toMatchObject([{ key: "same", result: "other" }]);
    expect(comparison.tasks[1]).toMatchObject({
      differing: 1,
      instances: [{ mapIndex: 2, key: "other", result: "same", because: "list" }],
    });
    const changed = comparison.tasks[1]?.instances[0]?.changes;
    expect(changed).toMatchObject([{ kind: "input", path: "n", before: "3", after: "4" }]);
  });

  test("a list of runs names the tasks that failed, and those that run now", async () => {
    const listed = async (): Promise<unknown[]> =>
      (await ask<OperationTypes["runs.list"]["output"]>("runs.list", { dagId: "views" })).items.map(
        ({ state, taskIds, taskCount }) => [state, taskIds, taskCount],
      );
    const before = await listed();
    const now = await rig.run(version, {
      ...SCRIPTS,
      report: async () => {
        await expect
          .poll(async () => (await listed())[0], { timeout: 20_000 })
          .toEqual(["running", ["report"], 1]);
        return 1;
      },
    });
    expect(await listed()).toEqual([["success", [], 0], ...before]);
    expect(now.run.state).toBe("success");
    const failed = (await listed()).find((run) => Array.isArray(run) && run[0] === "failed");
    expect(failed).toEqual(["failed", ["report"], 1]);
  });

  test("every instance of a wide task has the change that made it differ", async () => {
    const dag = new Dag("wide", { params: { day: 1 } });
    const each = dag.task("each", ({ n }: { n: number }) => n, { cache: { includeInputs: ["params.day"] } });
    each.expand({ n: Array.from({ length: 230 }, (_, n) => n) });
    const wide = await rig.define(dag);
    const [before, after] = [
      await rig.run(wide, {}, { params: { day: 1 } }),
      await rig.run(wide, {}, { params: { day: 2 } }),
    ].map(({ run }) => run.runId) as [string, string];
    const differences = await diffRuns(contextWith(), { dagId: "wide", before, after });
    expect(differences.map(({ cause }) => cause)).toEqual(Array.from({ length: 230 }, () => "param:day"));
  });
});
