import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { makeBackfillRuns, planBackfill, triggerRun, type FilledDate } from "@memodag/scheduler";
import { systemClock, type DagRun, type DagVersion } from "@memodag/core";
import { Dag } from "memodag";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { datesOf, RigLoop } from "./schedule-rig.ts";
import { SchedulerRig } from "./scheduler-rig.ts";

const NOW = Date.parse("2026-06-01T00:00Z");
/** Thirty days, one of them an hour short. */
const RANGE = { from: "2026-03-10", to: "2026-04-08" };

describe.each(TEST_DIALECTS)("a backfill on %s", (dialect) => {
  let metastore: TestMetastore;
  let rig: SchedulerRig;

  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
  });
  afterAll(() => metastore.close());

  async function defineDaily(dagId: string): Promise<DagVersion> {
    const dag = new Dag(dagId, { schedule: "30 2 * * *", timezone: "Europe/Paris" });
    const load = dag.task("load", () => 0, { cache: { includeInputs: ["logicalDate"] } });
    const report = dag.task("report", ({ rows }: { rows: unknown }) => rows, { cache: true });
    report({ rows: load() });
    return await rig.define(dag);
  }

  const fill = async (version: DagVersion, range = RANGE, maxActiveRuns?: number): Promise<FilledDate[]> => {
    const plan = await planBackfill(metastore.runs, version, range, NOW);
    const inputs = { conf: {}, params: {}, cacheMode: "use" } as const;
    const limit = maxActiveRuns === undefined ? {} : { maxActiveRuns };
    return await makeBackfillRuns(metastore.runs, { version, range, ...inputs, ...limit }, plan);
  };
  const madeOf = (filled: readonly FilledDate[]): DagRun[] =>
    filled.flatMap((date) => (date.kind === "made" ? [date.run] : []));

  /** Runs all of them, and tells how many attempts it took, in which order they began, and how many at a time. */
  async function execute(runs: readonly DagRun[]) {
    const ids = new Set(runs.map(({ id }) => id));
    const underWay = new Set<number>();
    const begun: string[] = [];
    let most = 0;
    const { scheduler, executor } = rig.newScheduler(
      {
        load: ({ context }) => context.logicalDate,
        report: (_: unknown, { rows }: { rows?: unknown }) => rows,
      },
      {
        listener: {
          runChanged({ id, state, runType }) {
            if (!ids.has(id)) return;
            if (state === "running" && !underWay.has(id)) begun.push(runType);
            if (state === "running") underWay.add(id);
            else underWay.delete(id);
            most = Math.max(most, underWay.size);
          },
        },
      },
    );
    const over = Promise.all(runs.map(({ id }) => scheduler.whenOver(id)));
    scheduler.start();
    const ended = await over;
    await scheduler.stop(0);
    return { ended, begun, most, attempts: executor.attempts.length };
  }

  test("of thirty days runs each once, and all from the cache the second time", async () => {
    const version = await defineDaily("thirty");
    const first = madeOf(await fill(version));
    expect(first).toHaveLength(30);
    expect(first.slice(18, 21).map(({ runId }) => runId)).toEqual([
      "backfill__2026-03-28T01:30:00.000Z",
      "backfill__2026-03-29T01:00:00.000Z",
      "backfill__2026-03-30T00:30:00.000Z",
    ]);
    const cold = await execute(first);
    expect(cold.attempts).toBe(60);
    expect(cold.ended.map(({ state }) => state)).toEqual(Array(30).fill("success"));

    expect((await fill(version)).map(({ kind }) => kind)).toEqual(Array(30).fill("exists"));

    // As a retention would.
    await metastore.execute("delete from dag_run where dag_id = 'thirty'");
    const warm = await execute(madeOf(await fill(version)));
    expect(warm.attempts).toBe(0);
    expect(warm.ended.map(({ state, processesSpawned }) => `${state} ${processesSpawned}`)).toEqual(
      Array(30).fill("success 0"),
    );
  });

  test("leaves what is there alone, and the schedule where it was", async () => {
    const version = await defineDaily("kept");
    let now = Date.parse("2026-03-11T12:00Z");
    const loop = new RigLoop(metastore, () => now);
    await loop.look();
    const before = await metastore.schedules.listDueDags(0);
    const range = { from: "2026-03-10", to: "2026-03-13" };
    await fill(version, { from: "2026-03-11", to: "2026-03-11" });
    const filled = await fill(version, range);
    expect(filled.map(({ kind }) => kind)).toEqual(["made", "exists", "made", "made"]);
    expect(await metastore.schedules.listDueDags(0)).toEqual(before);
    // The date that comes next has its run already.
    now = Date.parse("2026-03-14T12:00Z");
    await loop.look();
    expect(await datesOf(metastore, "kept")).toEqual([
      "2026-03-10T01:30 backfill",
      "2026-03-11T01:30 backfill",
      "2026-03-12T01:30 backfill",
      "2026-03-13T01:30 backfill",
      "2026-03-14T01:30",
    ]);
    await loop.loop.close();
  });

  test("begins as many runs at a time as it may, and holds no other run back", async () => {
    const version = await defineDaily("slowly");
    const made = madeOf(await fill(version, { from: "2026-03-10", to: "2026-03-17" }, 2));
    const inputs = { version, conf: {}, params: {}, logicalDate: null, cacheMode: "use" } as const;
    const other = await triggerRun(metastore.runs, systemClock, inputs);
    const { most, begun } = await execute([...made, other]);
    expect(begun.indexOf("manual")).toBeLessThan(3);
    expect(begun).toHaveLength(9);
    // Two of the backfill beside the other run.
    expect(most).toBeLessThanOrEqual(3);
  });

  test("is planned for dates that have passed, of a schedule that has some", async () => {
    const version = await defineDaily("planned");
    const plan = await planBackfill(metastore.runs, version, { from: "2026-05-30", to: "2026-06-03" }, NOW);
    expect(plan).toMatchObject({ toCome: 3, dates: [{ existingRunId: null }, { existingRunId: null }] });
    const refused = async (schedule: string | null, range = RANGE): Promise<unknown> =>
      await planBackfill(metastore.runs, { ...version, dag: { ...version.dag, schedule } }, range, NOW).catch(
        (error: unknown) => error,
      );
    const invalid = (message: RegExp) => ({
      code: "backfill_invalid",
      message: expect.stringMatching(message),
    });
    expect(await refused(null)).toMatchObject(
      invalid(/has no schedule, .*dags trigger planned --logical-date/),
    );
    expect(await refused("@once")).toMatchObject(
      invalid(/has the schedule @once, and therefore no dates to fill/),
    );
    expect(await refused("@every 1s")).toMatchObject(invalid(/more than 10000 dates .*: split the range/));
    expect(await refused("@daily", { from: "2026-03-02", to: "2026-03-01" })).toMatchObject(
      invalid(/There is no date of "planned" \(@daily, Europe\/Paris\) from 2026-03-02 to 2026-03-01/),
    );
  });
});
