// The way to a first worker, as docs/workers.md has it: its configs and commands, on a machine for the scheduler and one
// for the worker, each a folder here.

import { freePorts, RedisServer } from "@memodag/test-servers";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { PATIENT } from "../e2e/patience.ts";
import { Workspace } from "../e2e/workspace.ts";
import { markdownFiles } from "./markdown.ts";

vi.setConfig(PATIENT);

const BLOCKS = markdownFiles().find(({ path }) => path === "docs/workers.md")?.blocks ?? [];

const DAGS = `import { Dag } from "memodag";
export const first = new Dag("first");
const load = first.task("load", () => 20, { queue: "gpu", cache: true });
const add = first.task("add", ({ n }: { n: number }) => n + 1, { cache: true });
add({ n: load({}) });
`;

interface Report {
  readonly state: string;
  readonly tasks: readonly {
    readonly taskId: string;
    readonly state: string;
    readonly worker: string | null;
  }[];
}

let redis: RedisServer;
let scheduler: Workspace;
let worker: Workspace;
beforeAll(async () => {
  redis = await RedisServer.start();
  [scheduler, worker] = [new Workspace(), new Workspace()];
});
afterAll(async () => {
  await Promise.all([scheduler.remove(), worker.remove()]);
  await redis.stop();
});

/** The block of a language that has a line. */
function block(language: string, line: string): string {
  const found = BLOCKS.find((one) => one.language === language && one.text.includes(line));
  if (!found) throw new Error(`docs/workers.md has no ${language} with ${line}`);
  return found.text;
}

/** The commands of a block that begin with these words, as arguments. */
function commands(text: string, ...begin: string[]): string[][] {
  const lines = text.split("\n").map((line) => line.replace(/ #.*/, "").trim().split(" "));
  return lines
    .filter(
      ([npx, memodag, ...words]) =>
        npx === "npx" && memodag === "memodag" && begin.every((word, at) => words[at] === word),
    )
    .map((words) => words.slice(2));
}

test("the documented steps lead to a worker that runs tasks of all its queues", async () => {
  const [port] = await freePorts(1);
  const here = (toml: string): string =>
    toml
      .replaceAll(/rediss?:[^"]+/g, redis.url)
      .replaceAll(/^ *tls_.*$/gm, "")
      .replace(/listen = ".*"/, `listen = "127.0.0.1:${port}"`)
      .replace(/^( *)api = ".*"/m, `$1api = "http://127.0.0.1:${port}"`);
  const bundles = `[[bundles]]\nname = "main"\npath = "dags"\n`;
  scheduler.write("memodag.toml", `${here(block("toml", "[worker_api]"))}\n${bundles}`);
  worker.write("worker.toml", here(block("toml", "[worker]")));
  for (const machine of [scheduler, worker]) machine.write("dags/dags.ts", DAGS);
  const dev = scheduler.start("dev", "--no-ui", "--json");
  await dev.says("the worker API listens");
  const [makeToken = []] = commands(block("sh", "memodag workers token"), "workers", "token");
  const { stdout } = await scheduler.memodag(makeToken);
  const env = { MEMODAG__WORKER__TOKEN: stdout.trim() };
  const steps = block("sh", "memodag worker --config");
  const [check = [], run = []] = commands(steps, "worker");
  expect(check).toContain("--check");
  await dev.says("Dag file read");
  expect(await worker.memodag(check, env)).toMatchObject({ code: 0, stderr: "" });
  await worker.startWith(env, ...run).says("the worker is registered");
  const report = await scheduler.json<Report>("dags", "trigger", "first", "--wait");
  expect(report).toMatchObject({ state: "success" });
  expect(report.tasks.map(({ taskId, worker: of }) => [taskId, of !== null])).toEqual([
    ["load", true],
    ["add", true],
  ]);
  for (const look of [
    ...commands(steps, "workers"),
    ...commands(steps, "queues"),
    ...commands(steps, "doctor"),
  ])
    expect(await scheduler.memodag(look)).toMatchObject({ code: 0 });
});
