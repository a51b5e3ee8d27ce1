// Tasks on workers of other machines, as users run them: a scheduler with its API, a queue on a real Redis, and workers
// as processes without a database.

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as rest } from "node:timers/promises";
import { createTestDatabase, TEST_DIALECTS, type TestDatabase } from "@memodag/metastore/testing";
import { freePorts, RedisServer } from "@memodag/test-servers";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { PATIENT } from "../e2e/patience.ts";
import type { RunningCommand } from "../e2e/running-command.ts";
import { Workspace } from "../e2e/workspace.ts";

vi.setConfig(PATIENT);

const DAGS = `import { appendFileSync, existsSync } from "node:fs";
import { setTimeout as rest } from "node:timers/promises";
import { Dag, getContext } from "memodag";

export const squares = new Dag("squares");
const square = squares.task("square", ({ n }: { n: number }) => {
  console.log("square of", n);
  return n * n;
}, { cache: true });
const sum = squares.task("sum", ({ all }: { all: number[] }) => all.reduce((a, b) => a + b, 0), { cache: true });
sum({ all: square.partial({}).expand({ n: [1, 2, 3, 4, 5] }) });

export const grouped = new Dag("grouped");
const pair = grouped.transaction("pair", { cache: true });
const one = pair.task("one", () => 1)({});
pair.task("two", ({ one: n }: { one: number }) => n + 1)({ one });

export const regional = new Dag("regional");
regional.task("where", () => process.env["REGION"] ?? "nowhere", { cache: { env: ["REGION"] } })({});

export const slow = new Dag("slow");
slow.task("wait", async ({ folder }: { folder: string }) => {
  appendFileSync(folder + "/began", process.pid + "\\n");
  console.log("waiting");
  while (!existsSync(folder + "/go")) await rest(20);
  return "went";
})({ folder: process.env["FOLDER"] ?? "" });
`;

interface Instance {
  readonly taskId: string;
  readonly state: string;
  readonly worker: string | null;
  readonly cacheStatus: string | null;
  readonly tryNumber: number;
}
interface Report {
  readonly runId: string;
  readonly state: string;
  readonly tasks: readonly Instance[];
}

let redis: RedisServer;
beforeAll(async () => {
  redis = await RedisServer.start();
});
afterAll(() => redis.stop());

describe.each(TEST_DIALECTS)("on %s", (dialect) => {
  let database: TestDatabase;
  let workspace: Workspace;
  let api: string;
  let port: number;

  beforeEach(async () => {
    database = await createTestDatabase(dialect);
    [port = 0] = await freePorts(1);
    api = `http://127.0.0.1:${port}`;
    workspace = new Workspace({
      databaseUrl: database.url,
      config: `[core]
executor = "bullmq"
[executor]
url = "${redis.url}"
prefix = "p${randomUUID().slice(0, 8)}"
link_grace = "1s"
[scheduler]
heartbeat_timeout = "10s"
lease = "4s"
[worker_api]
listen = "127.0.0.1:${port}"
`,
      dags: { "dags.ts": DAGS.replace('process.env["FOLDER"] ?? ""', "FOLDER") },
    });
    workspace.write(
      "dags/dags.ts",
      DAGS.replace('process.env["FOLDER"] ?? ""', JSON.stringify(workspace.folder)),
    );
    await workspace.memodag(["db", "migrate"]);
    const { stdout } = await workspace.memodag(["workers", "token", "--name", "all"]);
    workspace.write("token", stdout);
  });
  afterEach(async () => {
    await workspace.remove();
    await database[Symbol.asyncDispose]();
  });

  async function startScheduler(env: Record<string, string> = {}): Promise<RunningCommand> {
    const scheduler = workspace.startWith(env, "dev", "--json");
    await scheduler.says("the worker API listens");
    return scheduler;
  }

  async function startWorker(name: string, env: Record<string, string> = {}): Promise<RunningCommand> {
    const main = readFileSync(workspace.path("memodag.toml"), "utf8");
    const prefix = /prefix = "(.*)"/.exec(main)?.[1] ?? "";
    workspace.write(
      `${name}.toml`,
      `[core]
executor = "bullmq"
state_dir = "state of ${name}"
[executor]
url = "${redis.url}"
prefix = "${prefix}"
[worker]
api = "${api}"
token_file = "token"
concurrency = 2
[[bundles]]
name = "dags"
path = "dags"
`,
    );
    const worker = workspace.startWith(
      env,
      "worker",
      "--name",
      name,
      "--config",
      workspace.path(`${name}.toml`),
    );
    await worker.says("the worker is registered");
    return worker;
  }

  async function trigger(dagId: string): Promise<string> {
    for (;;) {
      const { code, stdout } = await workspace.memodag(["dags", "trigger", dagId, "--json"]);
      if (code === 0) return (JSON.parse(stdout) as { runId: string }).runId;
      await rest(200);
    }
  }

  const show = (dagId: string, runId: string) => workspace.json<Report>("runs", "show", dagId, runId);

  async function until(dagId: string, runId: string, state: string): Promise<Report> {
    for (;;) {
      const report = await show(dagId, runId);
      if (report.state === state) return report;
      if (report.state === "failed") throw new Error(JSON.stringify(report));
      await rest(150);
    }
  }

  test("tasks run there, are remembered here, and their logs can be read", async () => {
    await startScheduler({ REGION: "eu" });
    await startWorker("w1", { REGION: "us" });
    await startWorker("w2", { REGION: "us" });
    const first = await until("squares", await trigger("squares"), "success");
    expect(first.tasks).toHaveLength(6);
    for (const { worker, cacheStatus } of first.tasks) {
      expect(["w1", "w2"]).toContain(worker);
      expect(cacheStatus).toBe("populated");
    }
    const second = await until("squares", await trigger("squares"), "success");
    expect(second.tasks.map(({ cacheStatus }) => cacheStatus)).toEqual(Array(6).fill("hit"));
    const logs = await workspace.memodag(["tasks", "logs", "squares", first.runId, "square"]);
    expect(logs.stdout).toContain("square of 3");
    // So is a transaction with one record.
    await until("grouped", await trigger("grouped"), "success");
    const again = await until("grouped", await trigger("grouped"), "success");
    expect(again.tasks.map(({ cacheStatus }) => cacheStatus)).toEqual(["hit", "hit"]);
    // The variable in the key is the one that the task saw.
    const where = await until("regional", await trigger("regional"), "success");
    const values = await workspace.memodag(["tasks", "xcom", "regional", where.runId, "where"]);
    expect(values.stdout).toContain("eu");
  });

  test("go on when their scheduler is killed, and end once with the next", async () => {
    const scheduler = await startScheduler();
    await startWorker("w1");
    const runId = await trigger("slow");
    await began(1);
    scheduler.signalGroup("SIGKILL");
    await scheduler.ended();
    await startScheduler();
    await rest(1_000);
    workspace.write("go", "");
    const { tasks } = await until("slow", runId, "success");
    expect(tasks).toMatchObject([{ state: "success", worker: "w1", tryNumber: 1 }]);
    await began(1);
  });

  test("are made again when their worker is killed", async () => {
    await startScheduler();
    const worker = await startWorker("w1");
    const runId = await trigger("slow");
    await began(1);
    await startWorker("w2");
    const killedAt = Date.now();
    await worker.end("SIGKILL");
    await began(2);
    console.info(`another worker began ${Date.now() - killedAt} ms after the first was killed (${dialect})`);
    expect(Date.now() - killedAt).toBeLessThan(20_000);
    workspace.write("go", "");
    const { tasks } = await until("slow", runId, "success");
    // It began twice, which `began` has seen; on a busy machine an attempt may be lost before it begins.
    expect(tasks).toMatchObject([{ state: "success", worker: "w2" }]);
  });

  /** Waits until the slow task has begun so often, and not more often. */
  async function began(times: number): Promise<void> {
    for (;;) {
      const lines = readLines(workspace.path("began"));
      expect(lines.length).toBeLessThanOrEqual(times);
      if (lines.length === times) return;
      await rest(50);
    }
  }
});

function readLines(path: string): string[] {
  try {
    return readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => line !== "");
  } catch {
    return [];
  }
}
