// A cached task with `reuse` as a user has it: few processes, and the hits and misses that it has without.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RunReport } from "@memodag/operations/runs";
import { Project } from "./project.ts";

const COUNT = 24;

const dagOf = (options: string, list: string): string => `import { Dag } from "memodag";
import { createHash } from "node:crypto";
export const dag = new Dag("many");
const hash = dag.task("hash", ({ n }: { n: number }) => createHash("sha256").update(String(n)).digest("hex"), ${options});
hash.expand({ n: ${list} });
`;

const listOf = (from: number, count: number): string =>
  JSON.stringify(Array.from({ length: count }, (_, index) => from + index));

describe("a cached task with reuse", () => {
  let project: Project;
  beforeEach(() => {
    project = new Project();
  });
  afterEach(() => project.remove());

  const write = (options: string, list: string): void =>
    writeFileSync(join(project.folder, "dags/many.ts"), dagOf(options, list));

  it.each([
    ["without", "{ cache: true }", COUNT],
    ["with", "{ cache: true, reuse: true }", COUNT / 2],
  ])("has the same hits, misses and results: %s it", async (_name, options, mostProcesses) => {
    const told: unknown[] = [];
    const runIds: string[] = [];
    for (const list of [listOf(0, COUNT), listOf(0, COUNT), listOf(COUNT / 2, COUNT)]) {
      write(options, list);
      const run = await project.json<RunReport>("dags", "run", "many");
      runIds.push(run.runId);
      told.push([run.state, run.cache.hit, run.cache.populated]);
    }
    expect(told).toEqual([
      ["success", 0, COUNT],
      ["success", COUNT, 0],
      ["success", COUNT / 2, COUNT / 2],
    ]);
    const [first = ""] = runIds;
    const { stdout } = await project.run("tasks", "logs", "many", first);
    const pids = [...stdout.matchAll(/process (\d+)/g)].map(([, pid]) => pid);
    expect(pids).toHaveLength(COUNT);
    expect(new Set(pids).size).toBeLessThanOrEqual(mostProcesses);
  });

  it("is shown by dags show, and refused by dags check with the place of what it leaves", async () => {
    write("{ cache: true, reuse: true }", "[1]");
    await project.run("dags", "run", "many");
    const { stdout } = await project.run("dags", "show", "many");
    expect(stdout).toContain("one process runs many attempts of hash, whose code leaves nothing in it");
    const code = dagOf("{ cache: true, reuse: true }", "[1]");
    const leaking = code
      .replace("String(n)", "String(n + seen.push(n))")
      .replace("export", "const seen: number[] = [];\nexport");
    writeFileSync(join(project.folder, "dags/many.ts"), leaking);
    const refused = await project.run("dags", "check");
    expect(refused.code).toBe(1);
    expect(refused.stdout + refused.stderr).toMatch(/changes seen by push[^]*many\.ts:5:\d+/);
  });
});
