// A task that runs a program, from its Dag file to its result and back from the cache.

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Project } from "./project.ts";

interface RunReport {
  readonly runId: string;
  readonly state: string;
  readonly processesSpawned: number;
  readonly tasks: readonly {
    readonly taskId: string;
    readonly mapIndex: number;
    readonly cacheKey: string | null;
    readonly cacheStatus: string;
    readonly cacheReason: string | null;
  }[];
}

const DAG = `import { Dag } from "memodag";
export const dag = new Dag("programs");
const rows = dag.task("rows", () => [1, 2, 3], { cache: true })();
const scale = dag.command("scale", {
  command: [${JSON.stringify(process.execPath)}, "scale.mjs"],
  sources: ["scale.mjs", "lib/*.mjs"],
  cache: true,
});
const scaled = scale.partial({ rows }).expand({ by: [2, 5] });
dag.task("total", ({ scaled }: { scaled: unknown[] }) => scaled.flat().length, { cache: true })({ scaled });
`;

const SCALE = `import { readFileSync, writeFileSync, appendFileSync } from "node:fs";
import { multiply } from "./lib/multiply.mjs";
const { rows, by } = JSON.parse(readFileSync(process.env.MEMODAG_INPUTS, "utf8"));
console.log("scaling by", by);
appendFileSync("calls.txt", by + "\\n");
writeFileSync(process.env.MEMODAG_RESULT, JSON.stringify(rows.map((row) => multiply(row, by))));
`;

const MULTIPLY = "export const multiply = (a, b) => a * b;\n";

let project: Project;

beforeAll(() => {
  project = new Project();
  mkdirSync(join(project.folder, "dags/lib"));
  write("programs.ts", DAG);
  write("scale.mjs", SCALE);
  write("lib/multiply.mjs", MULTIPLY);
});
afterAll(() => project.remove());

function write(path: string, text: string): void {
  writeFileSync(join(project.folder, "dags", path), text);
}

/** What the program was called for since the last time this was asked. */
function calls(): string[] {
  const path = join(project.folder, "dags/calls.txt");
  const lines = existsSync(path) ? readFileSync(path, "utf8").trim().split("\n").sort() : [];
  rmSync(path, { force: true });
  return lines;
}

async function run(): Promise<{ report: RunReport; statuses: Record<string, string> }> {
  const report = await project.json<RunReport>("dags", "run", "programs");
  const statuses = Object.fromEntries(
    report.tasks.map(({ taskId, mapIndex, cacheStatus }) => [`${taskId} ${mapIndex}`, cacheStatus]),
  );
  return { report, statuses };
}

test("a command runs, hits without a process, and runs again when one of its sources changes", async () => {
  const first = await run();
  expect(first.report).toMatchObject({ state: "success", processesSpawned: 4 });
  expect(calls()).toEqual(["2", "5"]);
  expect(new Set(Object.values(first.statuses))).toEqual(new Set(["populated"]));
  const { runId } = first.report;
  const xcom = await project.json("tasks", "xcom", "programs", runId, "scale", "--map-index", "1");
  expect(xcom).toEqual({ return_value: [5, 10, 15] });
  const log = await project.run("tasks", "logs", "programs", runId, "scale", "--map-index", "1");
  expect(log.stdout).toContain("scaling by 5");

  const second = await run();
  expect(second.report).toMatchObject({ state: "success", processesSpawned: 0 });
  expect(calls()).toEqual([]);
  expect(new Set(Object.values(second.statuses))).toEqual(new Set(["hit"]));

  write("lib/multiply.mjs", MULTIPLY.replace("a * b", "a * b + 1"));
  const third = await run();
  expect(calls()).toEqual(["2", "5"]);
  expect(third.statuses).toMatchObject({ "rows -1": "hit", "scale 0": "populated", "scale 1": "populated" });
  const keyOf = ({ report }: typeof first) =>
    report.tasks.find(({ taskId, mapIndex }) => taskId === "scale" && mapIndex === 0)?.cacheKey ?? "";
  const { stdout } = await project.run("cache", "diff", keyOf(first), keyOf(third), "--json");
  expect(JSON.parse(stdout)).toEqual([
    expect.objectContaining({ kind: "source", path: expect.stringContaining("lib/multiply.mjs") }),
  ]);
});

test("a command whose source changes while it runs is used and not stored", async () => {
  write("scale.mjs", `${SCALE}appendFileSync("lib/multiply.mjs", "// touched\\n");\n`);
  const { report } = await run();
  expect(report.state).toBe("success");
  expect(report.tasks.filter(({ taskId }) => taskId === "scale")).toEqual([
    expect.objectContaining({
      cacheStatus: "uncacheable",
      cacheReason: "code_changed(lib/multiply.mjs)",
    }),
    expect.objectContaining({
      cacheStatus: "uncacheable",
      cacheReason: "code_changed(lib/multiply.mjs)",
    }),
  ]);
});
