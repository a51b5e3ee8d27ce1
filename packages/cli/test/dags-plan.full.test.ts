// `dags plan`: what it calls a hit does not run, what it says runs does, and it changes nothing.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DagPlan } from "@memodag/operations/plans";
import type { RunReport } from "@memodag/operations/runs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Project } from "./project.ts";

const DAG = `
import { Dag, getContext } from "memodag";
export const dag = new Dag("prices", { params: { day: 1 } });
const load = dag.task("load", () => Number(getContext().params.day) % 2, {
  cache: { includeInputs: ["params.day"] },
});
const list = dag.task("list", ({ rows }: { rows: number }) => [rows, rows + 10], { cache: true });
const score = dag.task("score", ({ item }: { item: number }) => item * 2, { cache: true });
const isOdd = dag.task("isOdd", ({ rows }: { rows: number }) => rows === 1, { cache: true });
const odd = dag.task("odd", () => "odd", { cache: true });
const even = dag.task("even", () => "even", { cache: true });
const notify = dag.task("notify", ({ scores }: { scores: number[] }) => scores.length);
const rows = load({});
notify({ scores: score.expand({ item: list({ rows }) }) });
dag.if(isOdd({ rows })).then(odd({})).else(even({}));
`;

let project: Project;
beforeAll(() => {
  project = new Project();
  writeFileSync(join(project.folder, "dags", "prices.ts"), DAG);
});
afterAll(() => project.remove());

const plan = (...options: string[]): Promise<DagPlan> => project.json("dags", "plan", "prices", ...options);

/** Each instance with its class and its reason. */
const shown = ({ instances }: DagPlan): Record<string, string> =>
  Object.fromEntries(
    instances.map(({ taskId, mapIndex, class: ofClass, reason }) => [
      `${taskId} ${mapIndex}`,
      `${ofClass} ${reason.code}`,
    ]),
  );

/** Checks a run against the plan that was made before it. */
function compare({ instances }: DagPlan, { tasks }: RunReport): void {
  for (const { taskId, mapIndex, state, cacheStatus } of tasks) {
    const planned = instances.find(
      (one) => one.taskId === taskId && (one.mapIndex === mapIndex || one.mapIndex === null),
    );
    const was = state === "skipped" ? undefined : cacheStatus === "hit" ? "hit" : "runs";
    expect([was, "depends"], `${taskId}[${mapIndex}]`).toContain(planned?.class);
  }
}

it("names what runs and what depends on it before the first run, and makes none", async () => {
  const first = await plan();
  expect(shown(first)).toEqual({
    "load -1": "runs first_run",
    "list -1": "depends depends",
    "score null": "depends depends",
    "isOdd -1": "depends depends",
    "odd -1": "depends depends",
    "even -1": "depends depends",
    "notify -1": "runs not_asked_for",
  });
  expect(first.instances.find(({ taskId }) => taskId === "score")?.dependsOn).toEqual(["list"]);
  expect(first.totals).toEqual({ hit: 0, runs: 2, depends: 5, skipped: 0 });
  expect(await project.json("runs", "list", "prices")).toEqual([]);
  compare(first, await project.json("dags", "run", "prices"));
});

it("follows hits through lists and branches, and knows how long the rest takes", async () => {
  const second = await plan();
  expect(shown(second)).toEqual({
    "load -1": "hit hit",
    "list -1": "hit hit",
    "score 0": "hit hit",
    "score 1": "hit hit",
    "isOdd -1": "hit hit",
    "odd -1": "hit hit",
    "notify -1": "runs not_asked_for",
  });
  expect(second.totals).toMatchObject({ hit: 6, skipped: 1 });
  const notify = second.instances.at(-1)?.durationMs;
  expect(second.durationMs).toEqual(notify);
  expect(notify?.low).toBeGreaterThan(0);
  compare(second, await project.json("dags", "run", "prices"));
});

it("says what changed, and counts no hit and no lookup", async () => {
  const before = await project.json("cache", "stats");
  const changed = await plan("--param", "day=3");
  expect(changed.instances[0]).toMatchObject({
    taskId: "load",
    class: "runs",
    reason: { code: "context_changed", detail: "context value params.day changed" },
  });
  expect(await project.json("cache", "stats")).toEqual(before);
  // It returns what it returned before, so that all below hits: the plan could not know.
  compare(changed, await project.json("dags", "run", "prices", "--param", "day=3"));
});

it("fails for a pipeline that must not run anything, and prints Markdown", async () => {
  const failing = await project.run("dags", "plan", "prices", "--fail-on", "runs");
  expect(failing.code).toBe(1);
  expect(failing.stdout).toMatch(/^notify +runs .*the task does not say cache: true$/m);
  const { stdout, code } = await project.run("dags", "plan", "prices", "--markdown", "--no-cache");
  expect(code).toBe(0);
  expect(stdout).toContain("| load | runs |");
  expect(stdout).toContain("the run was started with --no-cache");
  const { code: wrong, stderr } = await project.run("dags", "plan", "prices", "--param", "dya=3");
  expect(stderr).toContain("dya");
  expect(wrong).toBe(2);
});

it("sees that a result has gone", async () => {
  const explained = await plan("--cache-ttl", "1s");
  expect(explained.totals.hit).toBeLessThanOrEqual(6);
  await project.run("cache", "purge", "--dag", "prices", "--task", "load", "--yes");
  expect(shown(await plan())).toMatchObject({ "load -1": "runs purged" });
});

it("is asked for before a run, and needs a terminal for that", async () => {
  const before = await project.json<unknown[]>("runs", "list");
  const { code, stdout, stderr } = await project.run("dags", "run", "prices", "--plan");
  expect(stdout).toMatch(/\d+ run, /);
  expect(stderr).toContain("leave out --plan, or use `memodag dags plan`");
  expect(code).toBe(2);
  expect(await project.json("runs", "list")).toHaveLength(before.length);
});
