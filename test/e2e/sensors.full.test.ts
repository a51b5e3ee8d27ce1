import { createTestDatabase, TEST_DIALECTS, type TestDatabase } from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { PATIENT } from "./patience.ts";
import type { RunReport } from "./run-report.ts";
import { whenWritten } from "./signal-files.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

// Workers run in the bundle's folder; what they and the test tell each other by lies beside it.
const waitingDag = `import { existsSync, writeFileSync } from "node:fs";
import { Dag } from "memodag";

export const child = new Dag("child");
child.task("work", async () => {
  writeFileSync("../working", "yes");
  while (!existsSync("../finish")) await new Promise((resolve) => setTimeout(resolve, 5));
  return "worked";
})({});

export const dag = new Dag("parent");
const asked = dag.sensor("asked", ({ path }: { path: string }) => {
  if (existsSync("../asked-once")) writeFileSync("../asked-again", "yes");
  writeFileSync("../asked-once", "yes");
  return existsSync(path) && { done: true, value: path };
}, { mode: "reschedule", pokeInterval: "50ms", timeout: "1h" });
const polled = dag.sensor("polled", () => existsSync("../go"), { mode: "poke", pokeInterval: "5ms" });
const path = asked({ path: "../go" });
const done = dag.triggerDagRun({ taskId: "made", dagId: "child", conf: { path }, waitForCompletion: true });
done.after(polled({}));
dag.task("after", ({ runId }: { runId: string }) => runId)({ runId: done });
`;

const lateDag = `import { Dag } from "memodag";

export const dag = new Dag("late");
const options = { pokeInterval: "20ms", timeout: "100ms", retries: 3 };
dag.sensor("rescheduled", () => false, { ...options, mode: "reschedule" })();
dag.sensor("polled", () => false, { ...options, mode: "poke" })();
const soft = dag.sensor("soft", () => false, { ...options, mode: "reschedule", softFail: true })();
dag.task("after", () => 1)().after(soft);
`;

describe.each(TEST_DIALECTS)("what waits, on %s", (dialect) => {
  let database: TestDatabase;
  let workspace: Workspace;

  beforeAll(async () => {
    database = await createTestDatabase(dialect);
    workspace = new Workspace({
      databaseUrl: database.url,
      config: '[scheduler]\npoll_interval = "100ms"\n',
      dags: { "waiting.ts": waitingDag, "late.ts": lateDag },
    });
    await workspace.memodag(["db", "migrate"]);
  });

  afterAll(async () => {
    await workspace.remove();
    await database.drop();
  });

  it("goes on in the next scheduler when one is killed, a sensor and a task that waits for another run", async () => {
    const processor = workspace.start("dag-processor");
    await processor.says("watching Dag files");
    const first = workspace.start("scheduler");
    const waiting = workspace.start("dags", "trigger", "parent", "--wait", "--json");
    await whenWritten(workspace.path("asked-again"));
    await first.end("SIGKILL");

    workspace.write("go", "");
    const second = workspace.start("scheduler");
    await whenWritten(workspace.path("working"));
    await second.end("SIGKILL");

    workspace.write("finish", "");
    const third = workspace.start("scheduler");
    expect(await waiting.ended()).toBe(0);
    const report = JSON.parse(waiting.stdout) as RunReport;
    expect(report.state).toBe("success");
    expect(report.tasks.find(({ taskId }) => taskId === "asked")).toMatchObject({ tryNumber: 1 });
    expect(report.tasks.find(({ taskId }) => taskId === "made")).toMatchObject({ tryNumber: 1 });
    const runs = await workspace.json<{ runId: string; state: string }[]>("runs", "list", "child");
    expect(runs).toMatchObject([{ state: "success" }]);
    const values = await workspace.json("tasks", "xcom", "parent", report.runId, "after");
    expect(values).toEqual({ return_value: runs[0]?.runId });
    await Promise.all([third.end("SIGTERM"), processor.end("SIGTERM")]);
  });

  it("gives up when its time is over: fails without another try, or is skipped", async () => {
    const report = await workspace.json<RunReport>("dags", "run", "late");
    expect(report.state).toBe("failed");
    const timedOut = { code: "sensor_timeout", message: expect.stringContaining("timed out after 100ms") };
    expect(report.tasks.toSorted((a, b) => (a.taskId < b.taskId ? -1 : 1))).toMatchObject([
      { taskId: "after", state: "skipped" },
      { taskId: "polled", state: "failed", tryNumber: 1, error: timedOut },
      { taskId: "rescheduled", state: "failed", tryNumber: 1, error: timedOut },
      { taskId: "soft", state: "skipped", tryNumber: 1, error: timedOut },
    ]);
  });
});
