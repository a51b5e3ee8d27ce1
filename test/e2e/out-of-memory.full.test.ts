import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { PATIENT } from "./patience.ts";
import type { RunReport } from "./run-report.ts";
import { Workspace } from "./workspace.ts";

vi.setConfig(PATIENT);

const dags = {
  "fills.ts": `import { Dag } from "memodag";

export const dag = new Dag("fills");
const fill = () => {
  const kept = [];
  for (let n = 0; ; n += 1) kept.push(new Array(1_000).fill(n));
};
const needs = () => {
  const kept = [];
  for (let n = 0; n < 20_000; n += 1) kept.push(new Array(1_000).fill(n));
  return kept.length;
};
dag.task("own", fill, { memory: "64MiB" })({});
dag.task("shared", fill)({});
dag.task("enough", needs, { memory: "1GB" })({});
`,
};

describe("a task whose process runs out of memory", () => {
  let workspace: Workspace;
  let report: RunReport;
  beforeAll(async () => {
    workspace = new Workspace({
      config: '[worker]\nnode_options = "--max-old-space-size=80 --stack-trace-limit=20"\n',
      dags,
    });
    report = await workspace.json("dags", "run", "fills");
  });
  afterAll(() => workspace.remove());

  it("fails with an error that names the settings", () => {
    const [own, shared, enough] = report.tasks;
    for (const task of [own, shared])
      expect(task).toMatchObject({ state: "failed", error: { code: "task_out_of_memory" } });
    expect(own?.error?.message).toContain("its JavaScript heap reached its limit of 64MiB");
    expect(own?.error?.message).toMatch(
      /memory: "8GB".*\[worker\] node_options = "--max-old-space-size=8192"/,
    );
    // The task's own limit goes before the one for all, which this would not fit in.
    expect(enough).toMatchObject({ state: "success" });
  });

  it.each([
    "--import ./more.js",
    "--require=x",
    "-r x",
    "max-old-space-size=1",
    "--eval=1",
    "--max-old-space-size",
  ])("is not got round by node_options = %j, which is refused", async (options) => {
    const env = { MEMODAG__WORKER__NODE_OPTIONS: options };
    const { code, stdout, stderr } = await workspace.memodag(["config", "check"], env);
    expect(code).toBe(2);
    expect(stdout + stderr).toMatch(/node_options.*Node options separated by spaces/i);
  });

  it.each(["32MiB", "2TiB", "lots", "-1GB"])("is refused a memory of %j", async (memory) => {
    workspace.write("dags/wrong.ts", dags["fills.ts"].replace('"fills"', '"wrong"').replace("64MiB", memory));
    const { code, stdout } = await workspace.memodag(["dags", "errors"]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/wrong\.ts.*memory.*use a size from 64MiB to 1024GiB, such as "4GB"/);
  });
});
