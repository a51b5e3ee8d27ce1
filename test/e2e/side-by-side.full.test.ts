import { createTestDatabase, TEST_DIALECTS } from "@memodag/metastore/testing";
import { afterEach, describe, expect, it, vi } from "vitest";
import { PATIENT } from "./patience.ts";
import type { RunReport } from "./run-report.ts";
import { Workspace, type Outcome } from "./workspace.ts";

vi.setConfig(PATIENT);

const fanDag = `import { Dag } from "memodag";

export const dag = new Dag("fan");
const square = dag.task("square", ({ n }: { n: number }) => n * n, { cache: true });
const sum = dag.task("sum", ({ parts }: { parts: number[] }) => parts.reduce((a, b) => a + b, 0), {
  cache: true,
});
sum({ parts: square.partial({}).expand({ n: [1, 2, 3, 4] }) });
`;

let workspace: Workspace;

afterEach(() => workspace.remove());

describe.each(TEST_DIALECTS)("runs of one Dag at the same time, on %s", (dialect) => {
  it("all succeed with the same values, from a database that is not there yet", async () => {
    await using database = await createTestDatabase(dialect);
    workspace = new Workspace({ databaseUrl: database.url, dags: { "fan.ts": fanDag } });
    const migrate = (): Promise<Outcome> => workspace.memodag(["db", "migrate"]);
    expect(await Promise.all([migrate(), migrate()])).toMatchObject([{ code: 0 }, { code: 0 }]);

    const run = (): Promise<RunReport> => workspace.json<RunReport>("dags", "run", "fan");
    const reports = await Promise.all([run(), run(), run()]);
    expect(reports.map(({ state }) => state)).toEqual(["success", "success", "success"]);
    expect(new Set(reports.map(({ runId }) => runId)).size).toBe(3);

    // The key of the sum holds what it was given: with one key there is one result for all.
    const last = await run();
    expect(last).toMatchObject({ processesSpawned: 0, cache: { hit: 5 } });
    for (const { tasks } of reports) expect(tasks.at(-1)?.cacheKey).toBe(last.tasks.at(-1)?.cacheKey);
    expect(await workspace.json("tasks", "xcom", "fan", last.runId, "sum")).toEqual({ return_value: 30 });
    expect(await workspace.json("cache", "ls")).toHaveLength(5);
  });
});
