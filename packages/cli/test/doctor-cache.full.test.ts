// What doctor says of how results are stored: transactions whose results become visible one by one, and rechecks.

import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { OPERATIONS } from "@memodag/operations/contract";
import type { RunReport } from "@memodag/operations/runs";
import { afterEach, expect, it } from "vitest";
import { findFaults, soundProject } from "./doctor-project.ts";
import type { Project } from "./project.ts";

let project: Project;
afterEach(() => project.remove());

const ONE_BY_ONE = `import { Dag } from "memodag";
const one = () => 1;
const cached = { cache: true };
export const dag = new Dag("loads");
const both = dag.transaction("both");
both.task("one", one, cached)();
both.transaction("inner").task("two", one, cached)();
dag.transaction("mapped").task("each", ({ n }: { n: number }) => n, cached).expand({ n: [1, 2] });
dag.transaction("apart").task("here", one, cached)();
const eager = dag.transaction("eager", { commit: "eager" });
eager.task("a", one, cached)();
eager.task("b", one, cached)();
const joint = dag.transaction("joint", { cache: true });
joint.task("a", one)();
joint.task("b", one)();
const uncached = dag.transaction("uncached");
uncached.task("a", one, cached)();
uncached.task("b", one)();
`;

const SPLIT = `import { Dag } from "memodag";
export const dag = new Dag("splits");
const both = dag.transaction("both");
both.task("one", () => 1, { cache: { keyStorage: "other" } })();
both.task("two", () => 2, { cache: true })();
`;

function open(config: string, dag: string): void {
  project = soundProject(config);
  for (const name of ["shapes.ts", "failing.ts"]) rmSync(join(project.folder, "dags", name), { force: true });
  writeFileSync(join(project.folder, "dags/loads.ts"), dag);
}

it("names transactions whose record store cannot store results together", async () => {
  open('[core]\ntask_cache_backend = "filesystem"\n', ONE_BY_ONE);
  const fix = "keep the records of its tasks in one store of kind metadata-db";
  const cannot = 'the store "filesystem" cannot store results together';
  const seen = "so other runs may see some of its results before the others";
  expect(await findFaults(project)).toEqual(
    ["both", "mapped"].map(
      (name) => `warn dags: transaction "${name}" of Dag "loads": ${cannot}, ${seen}: ${fix}`,
    ),
  );
});

it("names none where the store can, but one whose tasks are in two stores", async () => {
  open("", ONE_BY_ONE);
  expect(await findFaults(project)).toEqual([]);
  project.remove();
  open('[[stores]]\nname = "other"\nkind = "metadata-db"\n', SPLIT);
  expect(await findFaults(project)).toEqual([
    expect.stringContaining(
      'transaction "both" of Dag "splits": its tasks have their records in several stores ("other", "metadata-db")',
    ),
  ]);
});

it("names tasks in which a recheck found a difference, as cache stats does, until their keys leave nothing out", async () => {
  const text = (cache: string): string => `import { Dag } from "memodag";
export const dag = new Dag("drifts");
dag.task("now", ({ at }: { at: number }) => String(process.hrtime.bigint()), { cache: ${cache} })({ at: 1 });
`;
  open("", text('{ excludeInputs: ["at"] }'));
  await project.json("dags", "run", "drifts");
  expect(await findFaults(project)).toEqual([]);
  expect(await project.json("cache", "stats")).not.toHaveProperty("recheckFaults");
  const { runId, tasks } = await project.json<RunReport>("dags", "run", "drifts", "--recheck", "100%");
  expect(tasks).toMatchObject([{ cacheReasonCode: "recheck_differs" }]);

  const leftOut = "at of now is left out of its cache key: its author vouches for it";
  const said = `a recheck of task "now" of Dag "drifts" returned other bytes than were stored, the last in run ${runId}: ${leftOut}`;
  expect(await findFaults(project)).toEqual([
    `warn recheck: ${said}. Add it to the key, or make the result independent of it`,
  ]);
  const stats = await project.json("cache", "stats");
  expect(() => OPERATIONS["cache.stats"].output.parse(stats)).not.toThrow();
  expect(stats).toMatchObject({
    recheckFaults: [
      {
        team: "default",
        dagId: "drifts",
        taskId: "now",
        differences: 1,
        lastRunId: runId,
        leftOut: [leftOut],
      },
    ],
  });
  expect((await project.run("cache", "stats")).stderr).toContain(`Rechecks: ${said}.\n`);

  writeFileSync(join(project.folder, "dags/loads.ts"), text("true"));
  await project.json("dags", "run", "drifts");
  expect(await findFaults(project)).toEqual([]);
});
