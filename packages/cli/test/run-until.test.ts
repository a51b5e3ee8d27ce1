// `dags run --until`: the part of a Dag that runs, and what the commands say of it.

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
