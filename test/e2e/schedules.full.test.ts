import { createTestDatabase, TEST_DIALECTS, type TestDatabase } from "@memodag/metastore/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PATIENT } from "./patience.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

const TICK = `import { Dag, every, getContext } from "memodag";

export const dag = new Dag("tick", { schedule: every("1s"), maxActiveRuns: 1 });
dag.task("say", () => getContext().logicalDate)();
`;

interface ListedRun {
  readonly runId: string;
  readonly state: string;
  readonly runType: string;
}

describe.each(TEST_DIALECTS)("on %s", (dialect) => {
  let database: TestDatabase;
  let workspace: Workspace;

  beforeEach(async () => {
    database = await createTestDatabase(dialect);
    workspace = new Workspace({ databaseUrl: database.url, dags: { "tick.ts": TICK } });
    await workspace.memodag(["db", "migrate"]);
  });

  afterEach(async () => {
    await workspace.remove();
    await database.drop();
  });

  it("schedulers make the runs of a schedule and run them, and a backfill beside", async () => {
    const processor = workspace.start("dag-processor");
    const schedulers = [workspace.start("scheduler"), workspace.start("scheduler")];
    await processor.says("watching Dag files");
    // The second has been made once the first had ended: one may be under way.
    await Promise.race(schedulers.map((scheduler) => scheduler.says("scheduled run made", 2)));
    const range = ["--from", "2026-01-01T00:00:00Z", "--to", "2026-01-01T00:00:02Z"];
    const { runs } = await workspace.json<{ runs: object[] }>("dags", "backfill", "tick", ...range, "--wait");
    expect(runs).toHaveLength(3);
    for (const run of runs) expect(run).toMatchObject({ outcome: "made", state: "success" });

    await workspace.memodag(["dags", "pause", "tick"]);
    const listed = await workspace.json<ListedRun[]>("runs", "list", "tick");
    const scheduled = listed.filter(({ runType }) => runType === "scheduled");
    expect(scheduled.length).toBeGreaterThanOrEqual(2);
    expect(new Set(scheduled.map(({ runId }) => runId)).size).toBe(scheduled.length);
    expect(await Promise.all(schedulers.map((scheduler) => scheduler.end("SIGTERM")))).toEqual([0, 0]);
  });
});
