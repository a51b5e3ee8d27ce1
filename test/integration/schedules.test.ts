import { silentLogger, systemClock, type SerializedDag } from "@memodag/core";
import { openTestMetastore, TEST_DIALECTS, type TestMetastore } from "@memodag/metastore/testing";
import { triggerRun } from "@memodag/scheduler";
import { Dag, every, type DagOptions } from "memodag";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { datesOf, RigLoop } from "./schedule-rig.ts";
import { SchedulerRig } from "./scheduler-rig.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe.each(TEST_DIALECTS)("schedules on %s", (dialect) => {
  let metastore: TestMetastore;
  let rig: SchedulerRig;
  let now: number;
  let dagCount = 0;

  beforeAll(async () => {
    metastore = await openTestMetastore(dialect);
    rig = new SchedulerRig(metastore);
  });
  afterAll(() => metastore.close());
  beforeEach(async () => {
    // Those of other tests are due at other times.
    await metastore.execute("update dag set is_paused = 1");
    now = Date.parse("2026-03-10T12:00:00Z");
  });

  const newLoop = (log = silentLogger): RigLoop => new RigLoop(metastore, () => now, log);
  const dagOf = (dagId: string, options: DagOptions): Dag => {
    const dag = new Dag(dagId, options);
    dag.task("only", () => null)();
    return dag;
  };
  const define = async (options: DagOptions, dagId = `dag${(dagCount += 1)}`): Promise<string> => {
    await rig.define(dagOf(dagId, options));
    return dagId;
  };
  const endRuns = (dagId: string, from = "queued") =>
    metastore.execute(
      `update dag_run set state = 'success', ended_at = 1 where dag_id = '${dagId}' and state = '${from}'`,
    );

  test("a date makes one run, when it comes, with all that a run has", async () => {
    const dagId = await define({ schedule: "0 6 * * *", timezone: "Europe/Paris", params: { depth: 3 } });
    const loop = newLoop();
    expect(await loop.look()).toBe(HOUR);
    expect(await datesOf(metastore, dagId)).toEqual([]);
    now = Date.parse("2026-03-11T04:59:00Z");
    expect(await loop.wakeUp()).toBe(MINUTE);
    now += MINUTE;
    expect(await loop.wakeUp()).toBe(HOUR);
    const [run, ...others] = await metastore.runs.listRuns({ dagId, limit: 10 });
    expect(others).toEqual([]);
    expect(run).toMatchObject({
      runId: "scheduled__2026-03-11T05:00:00.000Z",
      runType: "scheduled",
      state: "queued",
      logicalDate: now,
      dataIntervalStart: now,
      dataIntervalEnd: now,
      conf: {},
      params: { depth: 3 },
      cacheMode: "use",
    });
    await loop.loop.close();
  });

  test("any number of schedulers make one run of each date", async () => {
    const dagId = await define({
      schedule: every("1h"),
      startDate: "2026-03-09T12:00Z",
      catchup: true,
      maxActiveRuns: 100,
    });
    const other = await metastore.openAgain();
    const loops = [newLoop(), new RigLoop(other, () => now), newLoop(), new RigLoop(other, () => now)];
    await Promise.all(loops.map((loop) => loop.look()));
    for (let hour = 1; hour <= 5; hour += 1) {
      now += HOUR;
      await Promise.all(loops.map((loop) => loop.look()));
    }
    const dates = await datesOf(metastore, dagId);
    expect(new Set(dates).size).toBe(30);
    expect(dates).toHaveLength(30);
    await Promise.all(loops.map(({ loop }) => loop.close()));
  });

  test("of the dates that were missed the last is made up for, or with catchup each, in order", async () => {
    const last = await define({ schedule: "@hourly" });
    const each = await define({ schedule: "@hourly", catchup: true });
    await newLoop().look();
    now += 5 * HOUR + 1;
    const after = newLoop();
    expect(await after.look()).toBe(HOUR - 1);
    expect(await datesOf(metastore, last)).toEqual(["2026-03-10T17:00"]);
    const hours = ["13", "14", "15", "16", "17"].map((hour) => `2026-03-10T${hour}:00`);
    expect(await datesOf(metastore, each)).toEqual(hours);
    const ids = (await metastore.runs.listRuns({ dagId: each, limit: 9 })).map(({ runId }) => runId);
    expect(ids).toEqual(ids.toSorted().toReversed());
  });

  test("no run is made while the Dag has as many as it may have", async () => {
    const dagId = await define({
      schedule: "@hourly",
      startDate: "2026-03-10T01:00Z",
      catchup: true,
      maxActiveRuns: 2,
    });
    const loop = newLoop();
    await loop.look();
    expect(await datesOf(metastore, dagId)).toEqual(["2026-03-10T01:00", "2026-03-10T02:00"]);
    await loop.look();
    expect(await datesOf(metastore, dagId)).toHaveLength(2);
    await endRuns(dagId);
    await loop.look();
    expect(await datesOf(metastore, dagId)).toEqual(
      ["01", "02", "03", "04"].map((hour) => `2026-03-10T${hour}:00`),
    );
  });

  test("without catchup, what was held back is the last date when there is room again", async () => {
    const dagId = await define({ schedule: "@hourly", maxActiveRuns: 1 });
    const loop = newLoop();
    await loop.look();
    for (let hour = 1; hour <= 4; hour += 1) {
      now += HOUR;
      await loop.look();
    }
    expect(await datesOf(metastore, dagId)).toEqual(["2026-03-10T13:00"]);
    await endRuns(dagId);
    await loop.look();
    expect(await datesOf(metastore, dagId)).toEqual(["2026-03-10T13:00", "2026-03-10T16:00"]);
  });

  test("a paused Dag has no runs, and when it goes on that of the last date", async () => {
    const dagId = await define({ schedule: "@hourly" });
    const loop = newLoop();
    await loop.look();
    await metastore.dags.setPaused("default", dagId, true);
    now += 3 * HOUR;
    await loop.look();
    expect(await datesOf(metastore, dagId)).toEqual([]);
    await metastore.dags.setPaused("default", dagId, false);
    await loop.look();
    expect(await datesOf(metastore, dagId)).toEqual(["2026-03-10T15:00"]);
  });

  test("a changed schedule counts from the last date, and one that is taken away makes no runs", async () => {
    const dagId = await define({ schedule: "@daily", startDate: "2026-03-01" });
    const loop = newLoop();
    await loop.look();
    expect(await datesOf(metastore, dagId)).toEqual(["2026-03-10T00:00"]);
    await define({ schedule: "30 13 * * *", startDate: "2026-03-01" }, dagId);
    expect(await loop.look()).toBe(HOUR);
    now = Date.parse("2026-03-10T13:30Z");
    await loop.look();
    await define({ schedule: null }, dagId);
    now += 48 * HOUR;
    await loop.look();
    expect(await datesOf(metastore, dagId)).toEqual(["2026-03-10T00:00", "2026-03-10T13:30"]);
    expect(await metastore.schedules.listDueDags(now)).toEqual({ dags: [], nextDate: null });
  });

  test("a new version with the same schedule changes none of its dates", async () => {
    const dagId = await define({ schedule: "@hourly" });
    const loop = newLoop();
    await loop.look();
    now += HOUR;
    await define({ schedule: "@hourly", tags: ["changed"] }, dagId);
    await loop.look();
    expect(await datesOf(metastore, dagId)).toEqual(["2026-03-10T13:00"]);
    const [version] = await metastore.dags.findDagVersions(dagId);
    expect(await metastore.runs.listRuns({ dagId, limit: 1 })).toMatchObject([{ dagVersionId: version?.id }]);
  });

  test("a Dag that has vanished makes no runs, and goes on when it is back", async () => {
    const dagId = await define({ schedule: "@hourly" });
    const loop = newLoop();
    await loop.look();
    await metastore.dags.removeDagFilesExcept("tests", []);
    now += 2 * HOUR;
    await loop.look();
    expect(await datesOf(metastore, dagId)).toEqual([]);
    await define({ schedule: "@hourly" }, dagId);
    await loop.look();
    expect(await datesOf(metastore, dagId)).toEqual(["2026-03-10T14:00"]);
  });

  test("a date that has a run already is passed over", async () => {
    const dagId = await define({ schedule: "@hourly" });
    const loop = newLoop();
    await loop.look();
    const [version] = await metastore.dags.findDagVersions(dagId);
    if (!version) throw new Error("the Dag is gone");
    const request = { version, conf: {}, params: {}, logicalDate: now + HOUR, cacheMode: "use" } as const;
    const { runId } = await triggerRun(metastore.runs, systemClock, request);
    await expect(triggerRun(metastore.runs, systemClock, request)).rejects.toMatchObject({
      code: "dag_run_exists",
      message:
        `The Dag "${dagId}" has a run of 2026-03-10T13:00:00.000Z, "${runId}", already: choose another date, ` +
        `or run its tasks again with \`memodag tasks clear ${dagId} ${runId}\``,
    });
    now += HOUR;
    expect(await loop.look()).toBe(HOUR);
    now += HOUR;
    await loop.look();
    expect(await datesOf(metastore, dagId)).toEqual(["2026-03-10T13:00 manual", "2026-03-10T14:00"]);
  });

  test("one Dag whose schedule cannot be read holds up no other", async () => {
    const errors: unknown[] = [];
    const log = { ...silentLogger, error: (_message: string, fields?: object) => errors.push(fields) };
    const bad = await define({ schedule: "@fortnightly" });
    const good = await define({ schedule: "@hourly" });
    const loop = newLoop(log);
    await loop.look();
    now += HOUR;
    await loop.look();
    expect(errors).toEqual([{ dagId: bad, error: expect.stringContaining("fortnightly") }]);
    expect(await datesOf(metastore, good)).toEqual(["2026-03-10T13:00"]);
  });

  test("a run triggered manually is refused with params and conf that do not fit", async () => {
    const dagId = await define({});
    const [stored] = await metastore.dags.findDagVersions(dagId);
    if (!stored) throw new Error("the Dag is gone");
    const schemas: Partial<SerializedDag> = {
      params: { depth: 3 },
      paramSchemas: { depth: { type: "integer", minimum: 1 }, input: { type: "string" } },
      confSchema: { properties: { region: { enum: ["eu"] } }, additionalProperties: false },
    };
    const version = { ...stored, dag: { ...stored.dag, ...schemas } };
    const trigger = (params: Record<string, unknown>, conf: Record<string, unknown> = {}) =>
      triggerRun(metastore.runs, systemClock, {
        version,
        conf: conf as never,
        params: params as never,
        logicalDate: null,
        cacheMode: "use",
      });
    const refused = async (params: Record<string, unknown>, conf?: Record<string, unknown>) => {
      const error: unknown = await trigger(params, conf).catch((cause: unknown) => cause);
      expect(error).toMatchObject({ code: "conf_invalid" });
      return (error as Error).message;
    };
    const input = "rows.json";
    expect(await refused({ depth: 0, input })).toBe(
      `Dag "${dagId}": param "depth" must be >= 1, found 0: use a valid value`,
    );
    expect(await refused({ input: 7 })).toBe(
      `Dag "${dagId}": param "input" must be string, found 7: use a valid value, in quotes to be a string: '"7"'`,
    );
    expect(await refused({})).toBe(
      `Dag "${dagId}": param "input" has no default: give it one with --param input=…`,
    );
    expect(await refused({ dept: 1 })).toBe(
      `Dag "${dagId}" has no param "dept": its params are depth, input`,
    );
    expect(await refused({ input }, { region: "us" })).toBe(
      `Dag "${dagId}": conf, at $.region, must be one of "eu", found "us": use a valid value`,
    );
    expect(await refused({ input }, { regoin: "eu" })).toContain('must not have a property "regoin"');
    expect(await datesOf(metastore, dagId)).toEqual([]);
    const run = await trigger({ input }, { region: "eu" });
    expect(run.params).toEqual({ depth: 3, input });
  });
});
