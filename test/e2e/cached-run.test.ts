import { createTestDatabase, TEST_DIALECTS, type TestDatabase } from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { PATIENT } from "./patience.ts";
import type { RunReport } from "./run-report.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

const shapesDag = `import { Dag } from "memodag";

export const dag = new Dag("shapes");

const draw = dag.task("draw", ({ size }: { size: number }) => ({ area: size * size }), { cache: true });
const sum = dag.task("sum", ({ areas }: { areas: { area: number }[] }) =>
  areas.reduce((total, { area }) => total + area, 0), { cache: { ttl: "1h" } });

sum({ areas: draw.partial({}).expand({ size: [1, 2, 3] }) });
`;

const environmentDag = `import { Dag } from "memodag";

export const dag = new Dag("environment");
dag.task("names", () => Object.keys(process.env))({});
`;

describe.each(TEST_DIALECTS)("a Dag that runs twice, on %s", (dialect) => {
  let database: TestDatabase;
  let workspace: Workspace;
  let first: RunReport;
  let second: RunReport;

  beforeAll(async () => {
    database = await createTestDatabase(dialect);
    workspace = new Workspace({
      databaseUrl: database.url,
      dags: { "shapes.ts": shapesDag, "environment.ts": environmentDag },
    });
    await workspace.memodag(["db", "migrate"]);
    first = await workspace.json("dags", "run", "shapes");
    second = await workspace.json("dags", "run", "shapes");
  });

  afterAll(async () => {
    await workspace.remove();
    await database.drop();
  });

  it("spawns a process for each instance at first, and stores what they return", () => {
    expect(first).toMatchObject({ state: "success", processesSpawned: 4, cache: { populated: 4, hit: 0 } });
  });

  it("is a hit all through the second time, without a process, in one lookup", () => {
    expect(second).toMatchObject({
      state: "success",
      processesSpawned: 0,
      lookups: 1,
      cache: { populated: 0, hit: 4 },
    });
    expect(second.tasks.map(({ cacheStatus }) => cacheStatus)).toEqual(["hit", "hit", "hit", "hit"]);
    const saved = first.tasks.map(({ durationMs }) => durationMs);
    expect(second.tasks.map(({ savedMs }) => savedMs)).toEqual(saved);
    expect(second.tasks.map(({ cacheKey }) => cacheKey)).toEqual(first.tasks.map(({ cacheKey }) => cacheKey));
  });

  it("is reported in every detail", () => {
    const noReason = { cacheReason: null, cacheReasonCode: null, cacheReasonDetail: null };
    const aTask = {
      error: null,
      worker: null,
      revision: 1,
      ...noReason,
      cacheKey: expect.stringMatching(/^[0-9a-f]{64}$/),
    };
    const aHit = { ...aTask, state: "success", tryNumber: 0, cacheStatus: "hit", durationMs: 0 };
    expect(second).toStrictEqual({
      dagId: "shapes",
      runId: expect.stringMatching(/^manual__/),
      state: "success",
      revision: 1,
      durationMs: expect.any(Number),
      processesSpawned: 0,
      bytesMoved: 0,
      selection: null,
      cacheLimits: null,
      lookups: 1,
      cache: {
        hit: 4,
        miss: 0,
        populated: 0,
        skipped: 0,
        uncacheable: 0,
        disabled: 0,
        lookup_timeout: 0,
        lookup_failure: 0,
        put_failure: 0,
        staged: 0,
        rolled_back: 0,
        savedMs: second.tasks.reduce((sum, { savedMs }) => sum + (savedMs ?? Number.NaN), 0),
      },
      transactions: [],
      tasks: [
        { ...aHit, taskId: "draw", mapIndex: 0, savedMs: expect.any(Number) },
        { ...aHit, taskId: "draw", mapIndex: 1, savedMs: expect.any(Number) },
        { ...aHit, taskId: "draw", mapIndex: 2, savedMs: expect.any(Number) },
        { ...aHit, taskId: "sum", mapIndex: -1, savedMs: expect.any(Number) },
      ],
    });
  });

  it("is shown afterwards as it was reported", async () => {
    expect(await workspace.json("runs", "show", "shapes", first.runId)).toStrictEqual(first);
    expect(await workspace.json("runs", "show", "shapes", second.runId)).toStrictEqual(second);
  });

  it("has the same values both times", async () => {
    const valuesOf = ({ runId }: RunReport) => workspace.json("tasks", "xcom", "shapes", runId, "sum");
    expect(await valuesOf(first)).toEqual({ return_value: 14 });
    expect(await valuesOf(second)).toEqual({ return_value: 14 });
  });

  it("is not told memodag's own settings in its workers", async () => {
    const env = {
      MEMODAG__CORE__PARALLELISM: "2",
      MEMODAG_CONFIG: workspace.path("memodag.toml"),
      SEEN: "1",
    };
    const { stdout } = await workspace.memodag(["dags", "run", "environment", "--json"], env);
    const { runId } = JSON.parse(stdout) as RunReport;
    const values = await workspace.json<{ return_value: string[] }>(
      "tasks",
      "xcom",
      "environment",
      runId,
      "names",
    );
    expect(values.return_value).toContain("SEEN");
    // By the mark, processes that an attempt leaves behind are found.
    const own = values.return_value.filter((name) => name.startsWith("MEMODAG_"));
    expect(own).toEqual(["MEMODAG_ATTEMPTS"]);
  });
});
