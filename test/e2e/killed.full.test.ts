import { readFileSync, rmSync } from "node:fs";
import { sha256 } from "@memodag/core";
import { openMetastore } from "@memodag/metastore";
import { createTestDatabase, TEST_DIALECTS, type TestDatabase } from "@memodag/metastore/testing";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { COMMAND_TIMEOUT_MS, PATIENT } from "./patience.ts";
import type { RunReport } from "./run-report.ts";
import { isAlive, whenWritten } from "./signal-files.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

// Workers run in the bundle's folder; what they leave for the test lies beside it.
const stepsDag = `import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import { Dag } from "memodag";

export const dag = new Dag("steps");

const plain = dag.task("plain", () => {
  appendFileSync("../ran.log", "plain\\n");
  return 10;
});
const quick = dag.task("quick", () => {
  appendFileSync("../ran.log", "quick\\n");
  return "x".repeat(100_000);
}, { cache: true });
const waits = dag.task("waits", async ({ base, text }: { base: number; text: string }) => {
  appendFileSync("../ran.log", "waits\\n");
  writeFileSync("../waits.pid", String(process.pid));
  while (!existsSync("../go")) await new Promise((resolve) => setTimeout(resolve, 5));
  return base + text.length;
}, { cache: { trust: ["file_reads"] } });
const spins = dag.task("spins", ({ base }: { base: number }) => {
  appendFileSync("../ran.log", "spins\\n");
  writeFileSync("../spins.pid", String(process.pid));
  while (!existsSync("../go"));
  return base + 1;
}, { cache: { trust: ["file_reads"] } });
const last = dag.task("last", ({ a, b }: { a: number; b: number }) => {
  appendFileSync("../ran.log", "last\\n");
  return a + b;
}, { cache: true });

const base = plain({});
last({ a: waits({ base, text: quick({}) }), b: spins({ base }) });
`;

const onceDag = `import { existsSync, writeFileSync } from "node:fs";
import { Dag, getContext } from "memodag";

export const dag = new Dag("once");
dag.task("victim", async () => {
  if (getContext().taskInstance.tryNumber > 1) return "survived";
  writeFileSync("../victim.pid", String(process.pid));
  for (;;) await new Promise((resolve) => setTimeout(resolve, 1_000));
}, { retries: 1, retryDelay: "1ms" })({});
`;

const quickDag = `import { Dag } from "memodag";

export const dag = new Dag("quick");
dag.task("done", () => 1)({});
`;

const singleDag = `import { writeFileSync } from "node:fs";
import { Dag } from "memodag";

export const dag = new Dag("single", { maxActiveRuns: 1 });
dag.task("waits", async () => {
  writeFileSync("../single.pid", String(process.pid));
  for (;;) await new Promise((resolve) => setTimeout(resolve, 1_000));
})({});
`;

/** How often each line is in a file. */
function countLines(path: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const line of readFileSync(path, "utf8").trimEnd().split("\n")) counts[line] = (counts[line] ?? 0) + 1;
  return counts;
}

describe.each(TEST_DIALECTS)("what is killed with -9, on %s", (dialect) => {
  let database: TestDatabase;
  let workspace: Workspace;

  beforeAll(async () => {
    database = await createTestDatabase(dialect);
    workspace = new Workspace({
      databaseUrl: database.url,
      dags: { "steps.ts": stepsDag, "once.ts": onceDag, "single.ts": singleDag, "quick.ts": quickDag },
    });
    await workspace.memodag(["db", "migrate"]);
  });

  afterAll(async () => {
    await workspace.remove();
    await database.drop();
  });

  describe("dags run, in the middle", () => {
    let interrupted: RunReport;
    let next: RunReport;
    let pids: readonly number[];

    beforeAll(async () => {
      const command = workspace.start("dags", "run", "steps");
      const files = ["waits.pid", "spins.pid"].map((name) => whenWritten(workspace.path(name)));
      pids = (await Promise.all(files)).map(Number);
      await command.end("SIGKILL");
    });

    it("takes its workers along, busy ones too", async () => {
      await expect
        .poll(() => pids.filter(isAlive), { timeout: COMMAND_TIMEOUT_MS, interval: 10 })
        .toEqual([]);
    });

    it("is left interrupted by the next dags run, which says so and runs its own alone", async () => {
      workspace.write("go", "");
      const { code, stdout, stderr } = await workspace.memodag(["dags", "run", "steps", "--json"]);
      expect(code).toBe(0);
      next = JSON.parse(stdout) as RunReport;
      const runs = await listRuns();
      expect(runs).toMatchObject([
        { runId: next.runId, state: "success", isInterrupted: false },
        { state: "running", isInterrupted: true },
      ]);
      expect(stderr).toContain(`Run ${runs[1]!.runId} was interrupted: \`memodag dags run steps --resume\``);
    });

    it("costs nothing of its finished, cached work twice", () => {
      const times = countLines(workspace.path("ran.log"));
      // Those that were cut off had to begin anew.
      expect(times).toEqual({ plain: 2, quick: 1, waits: 2, spins: 2, last: 1 });
    });

    it("is continued by dags run --resume, which makes no run of its own", async () => {
      const resumed = await workspace.json<RunReport>("dags", "run", "steps", "--resume");
      const runs = await listRuns();
      expect(runs.map(({ runId }) => runId)).toEqual([next.runId, resumed.runId]);
      expect(runs.map(({ state }) => state)).toEqual(["success", "success"]);
      interrupted = await workspace.json("runs", "show", "steps", resumed.runId);
    });

    it("has nothing to resume once that is done", async () => {
      const outcome = await workspace.memodag(["dags", "run", "steps", "--resume"]);
      expect(outcome).toMatchObject({ code: 2, stdout: "" });
      expect(outcome.stderr).toContain('Dag "steps" has no interrupted or cleared run: remove --resume');
    });

    it("does not run again what was recorded as done", () => {
      const done = interrupted.tasks.filter(({ taskId }) => taskId === "plain" || taskId === "quick");
      expect(done).toMatchObject([
        { state: "success", tryNumber: 1 },
        { state: "success", tryNumber: 1 },
      ]);
    });

    it("takes over what the next run had cached by then, of the work that was cut off", () => {
      const times = countLines(workspace.path("ran.log"));
      expect(times).toEqual({ plain: 2, quick: 1, waits: 2, spins: 2, last: 1 });
    });

    it("leaves the same values in both runs", async () => {
      for (const { runId } of [interrupted, next]) {
        const values = await workspace.json("tasks", "xcom", "steps", runId, "last");
        expect(values).toEqual({ return_value: 100_021 });
      }
    });

    it("leaves no entry that is wrong or half written", async () => {
      const metastore = await openMetastore(database.url);
      try {
        const records = await metastore.records.list({ dagId: "steps" }, { limit: 100, offset: 0 });
        const expected = new Map<string, unknown>([
          ["quick", "x".repeat(100_000)],
          ["waits", 100_010],
          ["spins", 11],
          ["last", 100_021],
        ]);
        expect(records.map(({ taskId }) => taskId).sort()).toEqual([...expected.keys()].sort());
        for (const { team, taskId, xcoms } of records) {
          const digests = xcoms.map(({ digest }) => digest);
          const results = await metastore.results.read(team, digests);
          expect(xcoms.map(({ key }) => key)).toEqual(["return_value"]);
          for (const { digest, sizeBytes } of xcoms) {
            const bytes = results.get(digest);
            expect(bytes?.byteLength).toBe(sizeBytes);
            expect(sha256(bytes!)).toBe(digest);
            expect(JSON.parse(Buffer.from(bytes!).toString())).toEqual(expected.get(taskId));
          }
        }
      } finally {
        await metastore.close();
      }
    });

    it("leaves entries that the next run hits", async () => {
      const again = await workspace.json<RunReport>("dags", "run", "steps");
      expect(again).toMatchObject({ state: "success", processesSpawned: 1, cache: { hit: 4 } });
    });
  });

  describe("dags run of a Dag that allows one active run", () => {
    let runId: string;

    beforeAll(async () => {
      const command = workspace.start("dags", "run", "single");
      await whenWritten(workspace.path("single.pid"));
      await command.end("SIGKILL");
      runId = (await workspace.json<{ runId: string }[]>("runs", "list", "single"))[0]!.runId;
    });

    it("does not wait for the place of the interrupted run, which would be for ever", async () => {
      const { code, stderr } = await workspace.memodag(["dags", "run", "single"]);
      expect(code).toBe(2);
      expect(stderr).toContain(`allows 1 active run(s) (maxActiveRuns), and there are 1 interrupted ones`);
      expect(stderr).toContain(`\`memodag runs cancel single ${runId}\` ends it`);
    });

    it("shows it as interrupted", async () => {
      const { stdout } = await workspace.memodag(["runs", "list", "single"]);
      expect(stdout).toContain("running (interrupted)");
      const shown = await workspace.memodag(["runs", "show", "single", runId]);
      expect(shown.stdout).toContain("Interrupted: `memodag dags run single --resume`");
    });

    it("is not revived once its Dag is gone", async () => {
      rmSync(workspace.path("dags/single.ts"));
      const resumed = await workspace.memodag(["dags", "run", "single", "--resume"]);
      expect(resumed).toMatchObject({ code: 2, stderr: expect.stringContaining('There is no Dag "single"') });
      const scheduler = workspace.start("scheduler");
      await scheduler.says("scheduler started");
      // A run that it takes after it had the time to take this one.
      const later = await workspace.json<{ state: string }>("dags", "trigger", "quick", "--wait");
      expect(later.state).toBe("success");
      expect(await scheduler.end("SIGTERM")).toBe(0);
      expect(scheduler.stderr).not.toContain(runId);
    });
  });

  async function listRuns(): Promise<{ runId: string; state: string; isInterrupted: boolean }[]> {
    return await workspace.json("runs", "list", "steps");
  }

  it("a worker is a failed attempt, tried again by the rules of its task", async () => {
    const command = workspace.start("dags", "run", "once", "--json");
    process.kill(Number(await whenWritten(workspace.path("victim.pid"))), "SIGKILL");
    expect(await command.ended()).toBe(0);
    const report = JSON.parse(command.stdout) as RunReport;
    expect(report).toMatchObject({
      state: "success",
      processesSpawned: 2,
      tasks: [{ taskId: "victim", state: "success", tryNumber: 2, error: null }],
    });
    const logs = await workspace.memodag(["tasks", "logs", "once", report.runId, "victim", "--try", "1"]);
    expect(logs.stdout).toMatch(/task_killed: .*killed by SIGKILL, not by memodag/);
  });
});
