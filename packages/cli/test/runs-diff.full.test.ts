import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunDifference } from "@memodag/operations/runs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Project } from "./project.ts";

interface Run {
  readonly runId: string;
}

const dagOf = (factor: number) => `
import { Dag, getContext } from "memodag";

const dag = new Dag("parts", { schedule: null, params: { size: 3 } });
const numbers = dag.task("numbers", () => Array.from({ length: Number(getContext().params.size) }, (_, i) => i), {
  cache: { includeInputs: ["params.size"] },
});
const scaled = dag.task("scaled", ({ n }) => n * ${factor}, { cache: true }).expand({ n: numbers() });
dag.task("total", ({ all }) => all.length + all.reduce((sum, n) => sum + n, 0), { cache: true })({ all: scaled });
export default dag;
`;

describe("runs diff", () => {
  let project: Project;
  let runs: string[];
  beforeAll(async () => {
    project = new Project();
    runs = [];
    const run = async (...args: string[]) =>
      runs.push((await project.json<Run>("dags", "run", "parts", ...args)).runId);
    writeFileSync(join(project.folder, "dags", "parts.mjs"), dagOf(2));
    await run();
    await run();
    writeFileSync(join(project.folder, "dags", "parts.mjs"), dagOf(3));
    await run();
    await run("--param", "size=4");
  });
  afterAll(() => project.remove());

  const diff = async (before: number, after: number, ...args: string[]) =>
    await project.json<RunDifference[]>("runs", "diff", runs[before]!, runs[after]!, ...args);

  it("says nothing of runs that are alike", async () => {
    expect(await diff(0, 1)).toEqual([]);
    expect((await project.run("runs", "diff", runs[0]!, runs[1]!)).stdout).toContain(
      "The runs do not differ.",
    );
  });

  it("names the code of the task that was changed, and not what follows from it", async () => {
    const scaled = (mapIndex: number, change: string) => ({
      taskId: "scaled",
      mapIndex,
      change,
      cause: "code",
    });
    expect(await diff(1, 2)).toEqual([scaled(0, "key"), scaled(1, "result"), scaled(2, "result")]);
  });

  it("names the param", async () => {
    expect(await diff(2, 3)).toEqual([
      { taskId: "numbers", mapIndex: -1, change: "result", cause: "param:size" },
    ]);
  });

  it("asks for runs that one Dag has", async () => {
    const found = await project.run("runs", "diff", "no such run", runs[0]!);
    expect(found).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('No Dag has runs "no such run"'),
    });
    expect(await diff(2, 3, "--dag", "parts")).toHaveLength(1);
  });
});
