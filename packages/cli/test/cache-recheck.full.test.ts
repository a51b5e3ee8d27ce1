// `memodag cache recheck`: hits of one task are compared, and what differs is removed.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RecheckedTask } from "@memodag/operations/cache";
import type { RunReport } from "@memodag/operations/runs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Project } from "./project.ts";

const DAG = `import { readFileSync } from "node:fs";
import { Dag, param } from "memodag";
export const dag = new Dag("prices", { params: { day: param({ default: 1, schema: { type: "integer" } }) } });
const weak = { excludeInputs: ["file"], trust: ["file_reads"] };
const list = dag.task("list", () => [1, 2, 3, 4, 5], { cache: true })();
const price = dag.task("price", ({ n, file }: { n: number; file: string }) => {
  const text = readFileSync(file, "utf8");
  if (text === "broken") throw new Error("broken");
  return text + n;
}, { cache: weak });
const prices = price.partial({ file: __FILE__ }).expand({ n: list });
const load = dag.transaction("load");
load.task("rows", ({ file }: { file: string }) => 1, { cache: weak })({ file: __FILE__ });
dag.task("sum", ({ prices }: { prices: string[] }) => prices.length)({ prices });
`;

describe("cache recheck", () => {
  let project: Project;
  const write = (text: string): void => writeFileSync(join(project.folder, "prices.txt"), text);
  const recheck = async (...options: string[]): Promise<RecheckedTask & { code: number | null }> => {
    const { code, stdout } = await project.run("cache", "recheck", "prices", "price", ...options, "--json");
    return { code, ...(JSON.parse(stdout) as RecheckedTask) };
  };

  beforeAll(async () => {
    project = new Project();
    const path = JSON.stringify(join(project.folder, "prices.txt"));
    writeFileSync(join(project.folder, "dags/prices.ts"), DAG.replaceAll("__FILE__", path));
    write("a");
    await project.json("dags", "run", "prices");
  });
  afterAll(() => project.remove());

  it("runs as many instances as it was asked for, and what is upstream of them", async () => {
    const outcome = await recheck("--sample", "2");
    expect(outcome).toMatchObject({ code: 0, state: "success", same: 2, differing: [], failed: [], hits: 3 });
    const run = await project.json<RunReport>("runs", "show", "prices", outcome.runId);
    expect(run).toMatchObject({
      selection: { until: "price" },
      cacheLimits: { recheckTask: { taskId: "price", most: 2 } },
      processesSpawned: 2,
    });
    const { stdout } = await project.run("runs", "show", "prices", outcome.runId);
    expect(stdout).toContain("Not used in this run: hits of at most 2 instances of price (cache recheck).");
  });

  it("keeps what is stored of instances that fail", async () => {
    write("broken");
    expect(await recheck("--sample", "1")).toMatchObject({
      code: 1,
      state: "failed",
      same: 0,
      differing: [],
      failed: [expect.any(Number)],
      hits: 4,
    });
    write("a");
    expect(await project.json("dags", "run", "prices")).toMatchObject({ cache: { hit: 7 } });
  });

  it("removes what differs, names it, and ends with 1", async () => {
    write("b");
    const { code, stdout } = await project.run("cache", "recheck", "prices", "price");
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^Compared 5 of price: 0 the same, 5 with other bytes, whose stored results were removed\. /,
    );
    expect((await project.run("cache", "stats")).stderr).toContain(
      '5 rechecks of task "price" of Dag "prices"',
    );
    expect(await recheck()).toMatchObject({ code: 0, same: 0, differing: [], hits: 0 });
  });

  it("refuses tasks of which no hit is ever compared", async () => {
    for (const [task, why] of [
      ["list", "its key leaves nothing out on its author's word"],
      ["sum", "it has no cache"],
      ["load.rows", 'it is in the transaction "load", whose effects belong together'],
      ["prize", 'did you mean "price"?'],
    ] as const)
      expect(await project.run("cache", "recheck", "prices", task)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(why) as string,
      });
  });
});
