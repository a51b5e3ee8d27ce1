// `dags plan` where a run is decided in parts: large results, key functions, records of transactions.

import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DagPlan } from "@memodag/operations/plans";
import type { RunReport } from "@memodag/operations/runs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Project } from "./project.ts";

/** More bytes of hits than a scheduler writes in one pass. */
const LARGE = `
import { Dag } from "memodag";
export const dag = new Dag("large");
const load = dag.task("load", ({ n }: { n: number }) => String(n).repeat(1_000_000), { cache: true });
const size = dag.task("size", ({ text }: { text: string }) => text.length, { cache: true });
const sum = dag.task("sum", ({ sizes }: { sizes: number[] }) => sizes.length, { cache: true });
sum({ sizes: size.expand({ text: load.expand({ n: Array.from({ length: 40 }, (_, n) => n % 10) }) }) });
`;

const KEYED = `
import { Dag, getContext } from "memodag";
export const dag = new Dag("keyed", { params: { count: 2 } });
const numbers = dag.task("numbers", () => Array.from({ length: Number(getContext().params.count) }, (_, n) => n), {
  cache: { includeInputs: ["params.count"] },
});
const half = dag.task("half", ({ n }: { n: number }) => Math.floor(n / 2), {
  cache: { key: { of: ({ n }: { n: number }) => Math.floor(n / 2), pure: true }, excludeInputs: ["n"] },
});
half.expand({ n: numbers({}) });
`;

const GROUPED = `
import { Dag, getContext } from "memodag";
export const dag = new Dag("grouped", { params: { day: 1 } });
const outside = dag.task("outside", () => Number(getContext().params.day) % 2, {
  cache: { includeInputs: ["params.day"] },
});
const model = dag.transaction("model", { cache: true });
const fit = model.task("fit", ({ of }: { of: number }) => of + 1);
const rate = model.task("rate", ({ fitted, of }: { fitted: number; of: number }) => fitted * of);
const of = outside({});
rate({ fitted: fit({ of }), of });
`;

let project: Project;
beforeAll(() => {
  project = new Project();
  for (const [name, text] of Object.entries({ large: LARGE, keyed: KEYED, grouped: GROUPED }))
    writeFileSync(join(project.folder, "dags", `${name}.ts`), text);
});
afterAll(() => project.remove());

const plan = (dagId: string, ...options: string[]): Promise<DagPlan> =>
  project.json("dags", "plan", dagId, ...options);

const classes = ({ instances }: DagPlan): Record<string, string> =>
  Object.fromEntries(
    instances.map(({ taskId, mapIndex, class: ofClass }) => [`${taskId} ${mapIndex}`, ofClass]),
  );

it("makes no key of secrets where there is none", async () => {
  const path = join(project.folder, ".memodag", "secret.key");
  await project.json("dags", "list");
  rmSync(path, { force: true });
  await plan("large");
  expect(existsSync(path)).toBe(false);
});

it("follows more results than a scheduler writes in one pass", async () => {
  const run = await project.json<RunReport>("dags", "run", "large");
  expect(run.state).toBe("success");
  const { totals } = await plan("large");
  expect(totals).toEqual({ hit: 81, runs: 0, depends: 0, skipped: 0 });
});

it("lists each instance of a list of which some answers of key functions are remembered", async () => {
  await project.json("dags", "run", "keyed", "--param", "count=5");
  // Another function has to answer anew, and is asked about the first two elements alone.
  const edited = KEYED.replace(
    "{ of: ({ n }: { n: number }) => Math.floor(n / 2)",
    "{ of: ({ n }: { n: number }) => n >> 1",
  );
  writeFileSync(join(project.folder, "dags", "keyed.ts"), edited);
  await project.json("dags", "run", "keyed");
  expect(classes(await plan("keyed", "--param", "count=5"))).toEqual({
    "numbers -1": "hit",
    "half 0": "hit",
    "half 1": "hit",
    "half 2": "depends",
    "half 3": "depends",
    "half 4": "depends",
  });
});

it("knows that tasks with one record may be hits until all that they take is there", async () => {
  await project.json("dags", "run", "grouped");
  const changed = await plan("grouped", "--param", "day=3");
  expect(classes(changed)).toEqual({
    "outside -1": "runs",
    "model.fit -1": "depends",
    "model.rate -1": "depends",
  });
  for (const { taskId, dependsOn, reason } of changed.instances) {
    if (taskId === "outside") continue;
    expect(dependsOn).toContain("outside");
    expect(reason.detail).toContain("outside");
  }
  const { tasks } = await project.json<RunReport>("dags", "run", "grouped", "--param", "day=3");
  expect(tasks.map(({ taskId, cacheStatus }) => [taskId, cacheStatus])).toEqual([
    ["outside", "populated"],
    ["model.fit", "hit"],
    ["model.rate", "hit"],
  ]);
});
