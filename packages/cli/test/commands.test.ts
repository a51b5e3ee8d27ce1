import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunReport } from "@memodag/operations/runs";
import { type Outcome, Project } from "./project.ts";

const ESCAPE = "\u001b";

function error(outcome: Outcome): { code: string; message: string } {
  return (JSON.parse(outcome.stderr) as { error: { code: string; message: string } }).error;
}

describe("commands on a project", () => {
  let project: Project;
  let first: RunReport;
  let second: RunReport;

  beforeAll(async () => {
    project = new Project();
    first = await project.json<RunReport>("dags", "run", "shapes");
    second = await project.json<RunReport>("dags", "run", "shapes");
  });
  afterAll(() => project.remove());

  it("dags run: all populated at first, then all hits without a process", () => {
    expect(first).toMatchObject({ dagId: "shapes", state: "success", processesSpawned: 4 });
    expect(first.cache).toMatchObject({ populated: 4, hit: 0, savedMs: 0 });
    expect(first.tasks.map(({ taskId, mapIndex }) => [taskId, mapIndex])).toEqual([
      ["draw", 0],
      ["draw", 1],
      ["draw", 2],
      ["sum", -1],
    ]);
    expect(second).toMatchObject({ state: "success", processesSpawned: 0 });
    expect(second.cache).toMatchObject({ populated: 0, hit: 4 });
    expect(second.tasks.every((task) => task.cacheStatus === "hit" && task.error === null)).toBe(true);
  });

  it("dags run: prints a table, without escape codes where there is no terminal", async () => {
    const { code, stdout, stderr } = await project.spawn("dags", "run", "shapes", "--param", "sides=4");
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^TASK +STATE +TRY +CACHE +DURATION +SAVED\ndraw \(3\) +3 success +0 +3 hit .*\nsum +success +1 +populated/,
    );
    expect(stdout).toMatch(/3 hit, 1 populated; 1 process spawned; \S+ of task execution saved\n$/);
    expect(stderr).toMatch(/^draw\[0\]: hit, saved /m);
    expect(stdout + stderr).not.toContain(ESCAPE);
    const all = await project.run("runs", "show", "shapes", "latest", "--all");
    expect(all.stdout).toMatch(/^TASK .*\ndraw\[0\] +success +0 +hit .*\ndraw\[1\] .*\ndraw\[2\] .*\nsum /);
  });

  it("dags run: --refresh-cache runs all anew, --no-cache leaves the cache alone", async () => {
    const refreshed = await project.json<RunReport>("dags", "run", "shapes", "--refresh-cache");
    expect(refreshed.processesSpawned).toBe(4);
    const off = await project.json<RunReport>("dags", "run", "shapes", "--no-cache");
    expect(off).toMatchObject({ processesSpawned: 4, lookups: 0, cache: { disabled: 4 } });
    expect((await project.run("dags", "run", "shapes", "--no-cache", "--refresh-cache")).code).toBe(2);
  });

  it("dags run: a run that fails ends with 1 and says why", async () => {
    const outcome = await project.spawn("dags", "run", "failing", "--json");
    expect(outcome.code).toBe(1);
    const report = JSON.parse(outcome.stdout) as RunReport;
    expect(report.state).toBe("failed");
    expect(report.tasks).toMatchObject([
      {
        taskId: "bad",
        state: "failed",
        error: { code: "task_failed", message: expect.stringContaining("no luck") },
      },
      { taskId: "after", state: "upstream_failed", error: null },
    ]);
    const logs = await project.run("tasks", "logs", "failing", report.runId, "bad");
    expect(logs.stdout).toContain("no luck");
  });

  it("runs: list and show what ran", async () => {
    const runs = await project.json<{ runId: string; state: string }[]>("runs", "list", "shapes");
    expect(runs.map(({ runId }) => runId)).toEqual(expect.arrayContaining([first.runId, second.runId]));
    expect(await project.json("runs", "show", "shapes", second.runId)).toEqual(second);
    expect((await project.run("runs", "list")).stdout).toContain(first.runId);
    const missing = await project.run("runs", "show", "shapes", "nope", "--json");
    expect(missing.code).toBe(2);
    expect(error(missing)).toMatchObject({
      code: "dag_run_not_found",
      message: expect.stringMatching(/memodag runs list shapes/),
    });
  });

  it("tasks: values and logs of an instance", async () => {
    expect(await project.json("tasks", "xcom", "shapes", second.runId, "sum")).toEqual({ return_value: 42 });
    expect(await project.json("tasks", "xcom", "shapes", second.runId, "draw", "--map-index", "1")).toEqual({
      return_value: { area: 4 },
    });
    const mapped = await project.run("tasks", "xcom", "shapes", second.runId, "draw");
    const unknown = await project.run("tasks", "xcom", "shapes", second.runId, "drew");
    const logs = await project.run("tasks", "logs", "shapes", first.runId, "sum");
    const hit = await project.run("tasks", "logs", "shapes", second.runId, "sum");
    expect(mapped).toMatchObject({ code: 2, stderr: expect.stringMatching(/--map-index, from 0 to 2/) });
    expect(unknown).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/no task "drew": those that have started are draw, sum/),
    });
    expect(logs).toMatchObject({ code: 0, stdout: expect.stringMatching(/summing/) });
    expect(hit).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(new RegExp(`cache hit.*${first.runId}`)),
    });
  });

  it("dags: list, show, errors, pause", async () => {
    const listed = await project.json<object[]>("dags", "list");
    expect(listed).toMatchObject([
      { dagId: "failing", isPaused: false, taskCount: 2 },
      { dagId: "shapes", bundle: "dags", path: "shapes.ts", team: "default", tags: ["test"], taskCount: 2 },
    ]);
    expect(await project.json("dags", "show", "shapes")).toMatchObject({
      dagId: "shapes",
      params: { sides: 3 },
      tasks: [
        { taskId: "draw", expand: ["size"] },
        { taskId: "sum", upstream: ["draw"] },
      ],
    });
    const errors = await project.run("dags", "errors");
    expect(errors).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^dags\/broken\.ts: .*broken\.ts:3.*half written/),
    });
    const checked = await project.run("dags", "check", "--json");
    expect(checked.code).toBe(1);
    expect(JSON.parse(checked.stdout)).toMatchObject({
      files: 3,
      errors: [
        { bundle: "dags", path: "broken.ts", line: 3, message: expect.stringContaining("half written") },
      ],
    });
    await project.run("dags", "pause", "failing");
    expect(await project.json("dags", "list")).toMatchObject([{ dagId: "failing", isPaused: true }, {}]);
  });

  it("a Dag that is not there: near misses, the way on, and 2", async () => {
    const outcome = await project.run("dags", "run", "shaeps", "--json");
    expect(outcome.code).toBe(2);
    expect(error(outcome).code).toBe("dag_not_found");
    expect(error(outcome).message).toBe(
      'There is no Dag "shaeps": did you mean "shapes"?; `memodag dags list` lists the Dags there are; ' +
        "1 Dag file(s) could not be read: `memodag dags errors`",
    );
  });

  it("no command at all: the help, or an error in JSON", async () => {
    const [plain, json] = [await project.spawn(), await project.spawn("--json")];
    expect(plain).toMatchObject({ code: 2, stdout: "", stderr: expect.stringMatching(/^Usage: memodag/) });
    expect(json).toMatchObject({ code: 2, stdout: "" });
    expect(JSON.parse(json.stderr)).toEqual({
      error: { code: "usage", message: "name a command: `memodag --help` shows the usage" },
    });
  });

  it("words that cannot be meant: one line and 2", async () => {
    const outcomes = [
      await project.spawn("dags", "run", "shapes", "--conf", "{bad"),
      await project.run("dags", "run", "shapes", "--param", "side=4"),
      await project.run("cache", "purge", "--older-than", "soon"),
      await project.run("cache", "show", "%"),
      await project.run("dags", "rnu"),
    ];
    for (const { code, stdout, stderr } of outcomes) {
      expect(code).toBe(2);
      expect(stdout).toBe("");
      expect(stderr).toMatch(/^memodag: .+\n$/);
    }
    expect(outcomes[0]?.stderr).toMatch(/--conf is not JSON: .*position 1/);
    expect(outcomes[1]?.stderr).toMatch(/no param "side": its params are sides/);
  });
});
