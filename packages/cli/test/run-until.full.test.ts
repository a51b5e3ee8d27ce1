// `dags run --until` and `--only`: the part of a Dag that runs, and what the commands say of it.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Project } from "./project.ts";

describe("dags run --until", () => {
  let project: Project;
  beforeAll(() => {
    project = new Project();
  });
  afterAll(() => project.remove());

  it("runs a task and what is upstream of it, and says so", async () => {
    const { code, stdout } = await project.run("dags", "run", "shapes", "--until", "draw");
    expect(stdout).toContain('Only "draw" and what is upstream of it is in this run (--until): 1 skipped.');
    expect(stdout).not.toContain("not_selected");
    expect(code).toBe(0);
    const shown = await project.run("runs", "show", "shapes", "latest", "--json");
    const report: unknown = JSON.parse(shown.stdout);
    expect(report).toMatchObject({ state: "success", selection: { until: "draw" } });
    expect(report).toHaveProperty(
      "tasks",
      expect.arrayContaining([
        expect.objectContaining({ taskId: "draw", mapIndex: 2, state: "success" }),
        expect.objectContaining({
          taskId: "sum",
          state: "skipped",
          error: expect.objectContaining({ code: "not_selected" }),
        }),
      ]),
    );
  });

  it("finds its results in a run of all tasks, which has no selection", async () => {
    const { stdout } = await project.run("dags", "run", "shapes", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ selection: null, cache: { hit: 3, populated: 1 } });
    const { stdout: listed } = await project.run("runs", "list", "shapes", "--json");
    expect(JSON.parse(listed)).toMatchObject([{ selection: null }, { selection: { until: "draw" } }]);
  });

  it("refuses a task that is not there, and --resume, before there is a run", async () => {
    const unknown = await project.run("dags", "run", "shapes", "--until", "drow");
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain('Dag "shapes" has no task "drow": did you mean "draw"?');
    const resumed = await project.run("dags", "run", "shapes", "--until", "draw", "--resume");
    expect(resumed.stderr).toContain("remove --until, or --resume");
    const made = await project.run("dags", "trigger", "shapes", "--until", "draw", "--json");
    expect(made.code).toBe(0);
    const { stdout } = await project.run("runs", "list", "shapes", "--json");
    expect(JSON.parse(stdout)).toHaveLength(3);
  });
});

describe("dags run --only", () => {
  let project: Project;
  beforeAll(() => {
    project = new Project();
  });
  afterAll(() => project.remove());

  it("says which results are missing, and how to get them, and makes no run", async () => {
    const { code, stderr } = await project.run("dags", "run", "shapes", "--only", "sum");
    expect(stderr).toContain(
      'Task "sum" takes the result of "draw", and no finished run of Dag "shapes" has it: use --until sum',
    );
    expect(code).toBe(2);
    const both = await project.run("dags", "run", "shapes", "--only", "sum", "--until", "sum");
    expect(both.code).toBe(2);
    const { stdout } = await project.run("runs", "list", "shapes", "--json");
    expect(JSON.parse(stdout)).toEqual([]);
  });

  it("runs one task with the results of the latest run, and names that run", async () => {
    const { stdout: first } = await project.run("dags", "run", "shapes", "--json");
    const { runId } = JSON.parse(first) as { runId: string };
    const { code, stdout } = await project.run("dags", "run", "shapes", "--only", "sum");
    expect(stdout).toContain(`Only "sum" is in this run (--only), with the results of ${runId}: 3 skipped.`);
    expect(code).toBe(0);
    const { stdout: json } = await project.run(
      "dags",
      "run",
      "shapes",
      "--only",
      "sum",
      "--param",
      "sides=4",
      "--json",
    );
    expect(JSON.parse(json)).toMatchObject({
      state: "success",
      selection: { only: "sum", inputsFrom: runId },
      cache: { hit: 0, populated: 1 },
      processesSpawned: 1,
    });
    const { stdout: value } = await project.run("tasks", "xcom", "shapes", "latest", "sum", "--json");
    expect(value).toContain("56");
  });
});
