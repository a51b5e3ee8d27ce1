// A worker whose beats go on while its queue gives it nothing: the queue is opened again, and then another process has to
// do it.

import { setTimeout as rest } from "node:timers/promises";
import { freePorts, RedisServer } from "@memodag/test-servers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { PATIENT } from "../e2e/patience.ts";
import type { RunningCommand } from "../e2e/running-command.ts";
import { Workspace } from "../e2e/workspace.ts";
import { DeafProxy } from "./deaf-proxy.ts";

vi.setConfig(PATIENT);

const DAG = `import { Dag } from "memodag";
export const short = new Dag("short");
short.task("one", () => 1)({});
`;

let redis: RedisServer;
let proxy: DeafProxy;
let workspace: Workspace;
let api: string;

beforeEach(async () => {
  redis = await RedisServer.start();
  proxy = await DeafProxy.start(redis.port);
  const [port = 0] = await freePorts(1);
  api = `http://127.0.0.1:${port}`;
  workspace = new Workspace({
    config: `[core]
executor = "bullmq"
[executor]
url = "${redis.url}"
[worker_api]
listen = "127.0.0.1:${port}"
`,
    dags: { "short.ts": DAG },
  });
  await workspace.memodag(["db", "migrate"]);
  workspace.write("token", (await workspace.memodag(["workers", "token", "--name", "all"])).stdout);
  const scheduler = workspace.start("dev", "--json");
  await scheduler.says("the worker API listens");
  await scheduler.says("watching Dag files");
});
afterEach(async () => {
  await workspace.remove();
  proxy.close();
  await redis.stop();
});

async function startWorker(): Promise<RunningCommand> {
  workspace.write(
    "worker.toml",
    `[core]
executor = "bullmq"
state_dir = "worker state"
[executor]
url = "${proxy.url}"
[worker]
api = "${api}"
token_file = "token"
[[bundles]]
name = "dags"
path = "dags"
`,
  );
  const worker = workspace.start("worker", "--config", workspace.path("worker.toml"));
  await worker.says("the worker is registered");
  await proxy.hasWaiting;
  return worker;
}

async function trigger(): Promise<string> {
  for (;;) {
    const { code, stdout } = await workspace.memodag(["dags", "trigger", "short", "--json"]);
    if (code === 0) return (JSON.parse(stdout) as { runId: string }).runId;
    await rest(200);
  }
}

async function untilSuccess(runId: string): Promise<void> {
  for (;;) {
    const { state } = await workspace.json<{ state: string }>("runs", "show", "short", runId);
    if (state === "success") return;
    await rest(200);
  }
}

test("the queue is opened again, and the attempt is taken", async () => {
  const worker = await startWorker();
  const runId = await trigger();
  await worker.says("it is opened again");
  proxy.isDeaf = false;
  await untilSuccess(runId);
  expect(await worker.end("SIGTERM")).toBe(0);
});

test("a worker that this does not help ends with 75, and its successor takes the attempt", async () => {
  const worker = await startWorker();
  const runId = await trigger();
  expect(await worker.ended()).toBe(75);
  expect(worker.stderr).toMatch(
    /memodag: An attempt in queue default has waited for [\d.]+s, and is not given to this worker, which has \d+ places free/,
  );
  expect(worker.stderr.split("it is opened again")).toHaveLength(2);
  expect(await workspace.json("workers", "ls")).toEqual([]);
  proxy.isDeaf = false;
  await startWorker();
  await untilSuccess(runId);
});
