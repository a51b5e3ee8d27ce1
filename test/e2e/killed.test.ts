import { readFileSync } from "node:fs";
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
  writeFileSync("../waits.pid", String(process.pid));
  while (!existsSync("../go")) await new Promise((resolve) => setTimeout(resolve, 5));
  return base + text.length;
}, { cache: true });
const spins = dag.task("spins", ({ base }: { base: number }) => {
  writeFileSync("../spins.pid", String(process.pid));
  while (!existsSync("../go"));
  return base + 1;
}, { cache: true });
const last = dag.task("last", ({ a, b }: { a: number; b: number }) => a + b, { cache: true });

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

describe.each(TEST_DIALECTS)("what is killed with -9, on %s", (dialect) => {
  let database: TestDatabase;
  let workspace: Workspace;

  beforeAll(async () => {
    database = await createTestDatabase(dialect);
    workspace = new Workspace({
      databaseUrl: database.url,
      dags: { "steps.ts": stepsDag, "once.ts": onceDag },
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

    it("is brought to its end by the next dags run, beside that one's own run", async () => {
      workspace.write("go", "");
      next = await workspace.json("dags", "run", "steps");
      expect(next.state).toBe("success");
      const runs = await workspace.json<{ runId: string; state: string }[]>("runs", "list", "steps");
      expect(runs.map(({ state }) => state)).toEqual(["success", "success"]);
      expect(runs[0]?.runId).toBe(next.runId);
      interrupted = await workspace.json("runs", "show", "steps", runs[1]!.runId);
    });

    it("does not run again what was recorded as done", () => {
      const done = interrupted.tasks.filter(({ taskId }) => taskId === "plain" || taskId === "quick");
      expect(done).toMatchObject([
        { state: "success", tryNumber: 1 },
        { state: "success", tryNumber: 1 },
      ]);
      const ran = readFileSync(workspace.path("ran.log"), "utf8").split("\n");
      // Once for each run: it is not cached.
      expect(ran.filter((name) => name === "plain")).toHaveLength(2);
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
