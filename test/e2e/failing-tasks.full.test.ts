import { createTestDatabase, TEST_DIALECTS, type TestDatabase } from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { PATIENT } from "./patience.ts";
import type { RunReport, TaskReport } from "./run-report.ts";
import { Workspace, type Outcome } from "./workspace.ts";

vi.setConfig(PATIENT);

const faultyDag = `import { Dag } from "memodag";

export const dag = new Dag("faulty");

const throws = dag.task("throws", () => {
  throw new RangeError("no rows");
}, { cache: true });
dag.task("exits", () => process.exit(3), { cache: true })({});
dag.task("is_killed", async () => {
  process.kill(process.pid, "SIGKILL");
  await new Promise(() => undefined);
}, { cache: true })({});
// The types refuse it, as they should.
dag.task("returns_date", (() => ({ rows: [{ at: new Date(0) }] })) as never, { cache: true })({});
dag.task("hangs", () => new Promise<number>((resolve) => setTimeout(resolve, 60_000)), {
  cache: true,
  executionTimeout: "300ms",
})({});
dag.task("spins", () => {
  for (;;);
}, { cache: true, executionTimeout: "300ms" })({});
dag.task("works", () => "fine", { cache: true })({});
dag.task("recovers", () => {
  if (getContext().taskInstance.tryNumber < 2) process.kill(process.pid, "SIGKILL");
  return "at last";
}, { retries: 1, retryDelay: "1ms" })({});
dag.task("follows", ({ value }: { value: never }) => value)({ value: throws({}) });
`.replace("{ Dag }", "{ Dag, getContext }");

describe.each(TEST_DIALECTS)("a Dag whose tasks fail in every way, on %s", (dialect) => {
  let database: TestDatabase;
  let workspace: Workspace;
  let outcome: Outcome;
  let report: RunReport;

  const taskOf = (taskId: string): TaskReport | undefined =>
    report.tasks.find((task) => task.taskId === taskId);

  beforeAll(async () => {
    database = await createTestDatabase(dialect);
    workspace = new Workspace({ databaseUrl: database.url, dags: { "faulty.ts": faultyDag } });
    await workspace.memodag(["db", "migrate"]);
    outcome = await workspace.memodag(["dags", "run", "faulty", "--json"]);
    report = JSON.parse(outcome.stdout) as RunReport;
  });

  afterAll(async () => {
    await workspace.remove();
    await database.drop();
  });

  it("fails with exit code 1 and nothing but its report", () => {
    expect(outcome).toMatchObject({ code: 1, stderr: "" });
    expect(report.state).toBe("failed");
  });

  it.each([
    ["throws", "task_failed", /^no rows$/],
    ["exits", "task_exited", /exited with code 3 before its handler returned: return a value or throw/],
    ["is_killed", "task_killed", /was killed by SIGKILL, not by memodag/],
    ["returns_date", "value_not_json", /^Date at \$\.rows\[0\]\.at: return toISOString\(\)/],
    ["hangs", "task_timeout", /ran longer than its executionTimeout of 300ms: raise it or/],
    ["spins", "task_timeout", /ran longer than its executionTimeout of 300ms: raise it or/],
  ])("says of %s what was wrong: %s", (taskId, code, message) => {
    expect(taskOf(taskId)).toMatchObject({
      state: "failed",
      tryNumber: 1,
      cacheStatus: "miss",
      error: { code, message: expect.stringMatching(message) },
    });
  });

  it("lets tasks that have nothing to do with it succeed", () => {
    expect(taskOf("works")).toMatchObject({ state: "success", cacheStatus: "populated", error: null });
  });

  it("tries a killed attempt again where the task says so", () => {
    expect(taskOf("recovers")).toMatchObject({ state: "success", tryNumber: 2, error: null });
  });

  it("does not start what depends on a failure", () => {
    expect(taskOf("follows")).toMatchObject({ state: "upstream_failed", tryNumber: 0, error: null });
  });

  it("stores no result of a failure", async () => {
    const entries = await workspace.json<{ taskId: string }[]>("cache", "ls");
    expect(entries.map(({ taskId }) => taskId)).toEqual(["works"]);
  });

  it("shows the stack of what was thrown, at the author's own line", async () => {
    const { stdout } = await workspace.memodag(["tasks", "logs", "faulty", report.runId, "throws"]);
    expect(stdout).toMatch(/RangeError: no rows\n\s+at .*faulty\.ts:6:/);
  });

  it("keeps the log of an attempt that was followed by another", async () => {
    const args = ["tasks", "logs", "faulty", report.runId, "recovers", "--try", "1"];
    const { stdout } = await workspace.memodag(args);
    expect(stdout).toContain("task_killed");
  });
});
