import { createTestDatabase, TEST_DIALECTS, type TestDatabase } from "@memodag/metastore/testing";
import { rmSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { COMMAND_TIMEOUT_MS, PATIENT } from "./patience.ts";
import type { RunReport } from "./run-report.ts";
import { isAlive, whenWritten } from "./signal-files.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

// `deaf` goes on when it is asked to stop, and would for ever.
const dags = {
  "waits.ts": `import { existsSync, writeFileSync } from "node:fs";
import { Dag } from "memodag";

export const dag = new Dag("waits");
const first = dag.task("first", () => 1, { cache: true });
const second = dag.task("second", async ({ n }: { n: number }) => {
  writeFileSync("../second.pid", String(process.pid));
  while (!existsSync("../go")) await new Promise((resolve) => setTimeout(resolve, 5));
  return n + 1;
}, { cache: true, retries: 3, retryDelay: "1ms" });
const third = dag.task("third", ({ n }: { n: number }) => n + 1);
third({ n: second({ n: first({}) }) });
`,
  "deaf.ts": `import { writeFileSync } from "node:fs";
import { Dag } from "memodag";

export const dag = new Dag("deaf");
dag.task("spins", () => {
  writeFileSync("../spins.pid", String(process.pid));
  for (;;);
})({});
`,
  "parent.ts": `import { Dag } from "memodag";

export const dag = new Dag("parent");
dag.triggerDagRun("child", { dagId: "waits", waitForCompletion: true });
`,
};

interface ListedRun {
  readonly dagId: string;
  readonly runId: string;
  readonly state: string;
  readonly isInterrupted: boolean;
}

describe.each(TEST_DIALECTS)("a dags run that is told to stop, on %s", (dialect) => {
  let database: TestDatabase;
  let workspace: Workspace;

  beforeAll(async () => {
    database = await createTestDatabase(dialect);
    workspace = new Workspace({ databaseUrl: database.url, dags });
    await workspace.memodag(["db", "migrate"]);
  });

  afterEach(() => {
    for (const name of ["second.pid", "spins.pid", "go"]) rmSync(workspace.path(name), { force: true });
  });

  afterAll(async () => {
    await workspace.remove();
    await database.drop();
  });

  const listRuns = async (): Promise<ListedRun[]> => await workspace.json("runs", "list");

  it.each(["SIGINT", "SIGTERM"] as const)("cancels its run at once on %s to its group", async (signal) => {
    const command = workspace.start("dags", "run", "waits");
    const pid = Number(await whenWritten(workspace.path("second.pid")));
    command.signalGroup(signal);
    await command.says(`Got ${signal}: cancelling manual__`);
    expect(await command.ended()).toBe(130);
    expect(isAlive(pid)).toBe(false);
    const [run] = await listRuns();
    expect(run).toMatchObject({ dagId: "waits", state: "failed", isInterrupted: false });
    expect(command.stderr).toContain(`Cancelled ${run!.runId} of waits on ${signal}`);
    const report = await workspace.json<RunReport>("runs", "show", "waits", run!.runId);
    // Not the failure of an attempt that a retry would follow.
    expect(report.tasks).toMatchObject([
      { taskId: "first", state: "success" },
      { taskId: "second", state: "failed", tryNumber: 1, error: { code: "run_cancelled" } },
      { taskId: "third", state: "skipped" },
    ]);
  });

  it("takes two signals of one key press, from the terminal and from npx, for one", async () => {
    const command = workspace.start("dags", "run", "waits");
    await whenWritten(workspace.path("second.pid"));
    command.signalGroup("SIGINT");
    command.signalGroup("SIGINT");
    expect(await command.ended()).toBe(130);
    expect(await listRuns()).toMatchObject([{ state: "failed", isInterrupted: false }, {}, {}]);
    expect(command.stderr.match(/cancelling/g)).toHaveLength(1);
  });

  it("ends at once on the second signal, with what it had started", async () => {
    const command = workspace.start("dags", "run", "deaf");
    const pid = Number(await whenWritten(workspace.path("spins.pid")));
    command.signalGroup("SIGINT");
    await command.says("Press Ctrl-C again to end at once");
    // A person's second key press is never within a tenth of a second.
    const pressing = setInterval(() => command.signalGroup("SIGINT"), 150);
    try {
      expect(await command.ended()).toBe(130);
    } finally {
      clearInterval(pressing);
    }
    expect(command.stderr).not.toContain("Cancelled");
    await expect.poll(() => isAlive(pid), { timeout: COMMAND_TIMEOUT_MS, interval: 10 }).toBe(false);
  });

  it("cancels the runs of other Dags that its own waits for, whose lines say whose they are", async () => {
    const command = workspace.start("dags", "run", "parent");
    await whenWritten(workspace.path("second.pid"));
    expect(command.stderr).toMatch(/^\[waits triggered__\S+\] first: hit/m);
    command.signalGroup("SIGINT");
    expect(await command.ended()).toBe(130);
    const runs = await listRuns();
    expect(runs.slice(0, 2)).toMatchObject([
      { dagId: "waits", state: "failed", isInterrupted: false },
      { dagId: "parent", state: "failed", isInterrupted: false },
    ]);
  });

  it("leaves runs of other commands alone", async () => {
    const other = workspace.start("dags", "run", "waits");
    await whenWritten(workspace.path("second.pid"));
    const command = workspace.start("dags", "run", "deaf");
    await whenWritten(workspace.path("spins.pid"));
    command.signalGroup("SIGTERM");
    expect(await command.ended()).toBe(130);
    workspace.write("go", "");
    expect(await other.ended()).toBe(0);
  });
});
