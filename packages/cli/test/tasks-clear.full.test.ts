import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as rest } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunReport } from "@memodag/operations/runs";
import { Project } from "./project.ts";

const FLAKY = `import { existsSync } from "node:fs";
import { Dag } from "memodag";

export const dag = new Dag("flaky");
const load = dag.task("load", () => 1, { cache: true });
const use = dag.task("use", ({ n }: { n: number }) => {
  if (!existsSync("../go")) throw new Error("not yet");
  return n;
}, { cache: { trust: ["file_reads"] } });
const after = dag.task("after", ({ n }: { n: number }) => n, { cache: true });
after({ n: use({ n: load({}) }) });
`;

const MAPPED = `import { Dag } from "memodag";

export const dag = new Dag("mapped");
const draw = dag.task("draw", ({ n }: { n: number }) => n * n, { cache: true });
draw.partial({}).expand({ n: [1, 2, 3] });
`;

describe("tasks clear", () => {
  let project: Project;
  let failed: RunReport;

  beforeAll(async () => {
    project = new Project();
    writeFileSync(join(project.folder, "dags/flaky.ts"), FLAKY);
    failed = await project.json<RunReport>("dags", "run", "flaky");
  });
  afterAll(() => project.remove());

  it("clears one instance of a mapped task, which --resume runs again", async () => {
    writeFileSync(join(project.folder, "dags/mapped.ts"), MAPPED);
    const { runId } = await project.json<RunReport>("dags", "run", "mapped");
    const clear = async (...args: string[]) => await project.run("tasks", "clear", "mapped", runId, ...args);
    expect(await clear("--map-index", "1")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("add the task id"),
    });
    const beyond = await clear("draw", "--map-index", "3");
    expect(beyond).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/no instance 3: its indexes are 0 to 2/),
    });
    const cleared = await project.json("tasks", "clear", "mapped", runId, "draw", "--map-index", "1");
    expect(cleared).toMatchObject({ state: "queued", cleared: [{ taskId: "draw", mapIndex: 1 }] });
    const resumed = await project.json<RunReport>("dags", "run", "mapped", "--resume");
    expect(resumed.runId).toBe(runId);
    expect(resumed.tasks.map(({ tryNumber }) => tryNumber)).toEqual([1, 2, 1]);
  });

  it("has what failed run again, in the run that it failed in, by the next scheduler", async () => {
    expect(failed.state).toBe("failed");
    writeFileSync(join(project.folder, "go"), "");
    const { runId } = failed;
    expect(await project.json("tasks", "clear", "flaky", runId)).toEqual({
      dagId: "flaky",
      runId,
      state: "queued",
      cleared: [
        { taskId: "use", mapIndex: -1 },
        { taskId: "after", mapIndex: -1 },
      ],
    });
    expect(await project.json("runs", "show", "flaky", runId)).toMatchObject({
      state: "queued",
      durationMs: null,
    });
    const xcoms = await project.json("tasks", "xcom", "flaky", runId, "use");
    expect(xcoms).toEqual({});
    await project.json("dags", "run", "flaky", "--resume");
    const mended = await project.json<RunReport>("runs", "show", "flaky", runId);
    expect(mended).toMatchObject({
      state: "success",
      tasks: [
        { taskId: "load", tryNumber: 1, cacheStatus: "populated" },
        { taskId: "use", tryNumber: 2, cacheStatus: "skipped", cacheReason: "cleared" },
        { taskId: "after", state: "success" },
      ],
    });
    rmSync(join(project.folder, "go"));
  });

  it("says what it cleared, what there is nothing of, and what it does not know", async () => {
    const { runId } = failed;
    const none = await project.run("tasks", "clear", "flaky", runId);
    expect(none).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Nothing of .* failed: name a task/),
    });
    const unknown = await project.run("tasks", "clear", "flaky", runId, "lod");
    expect(unknown).toMatchObject({
      code: 2,
      stderr: 'memodag: Dag "flaky" has no task "lod": its tasks are load, use, after\n',
    });
    const cleared = await project.run(
      "tasks",
      "clear",
      "flaky",
      runId,
      "load",
      "--downstream",
      "--use-cache",
    );
    expect(cleared.stdout).toMatch(
      /^Cleared 3 of \S+: load, use, after\.\nThe run is queued: .*memodag scheduler/,
    );
    await project.json("dags", "run", "flaky", "--resume");
    const cached = await project.json<RunReport>("runs", "show", "flaky", runId);
    expect(cached).toMatchObject({ state: "success", cache: { hit: 3 } });
  });

  it("ends an attempt that runs, and begins another, in the same scheduler", async () => {
    writeFileSync(
      join(project.folder, "dags/waiting.ts"),
      `import { Dag, getContext } from "memodag";

export const dag = new Dag("waiting");
dag.task("wait", async () => {
  while (getContext().taskInstance.tryNumber === 1) {
    getContext().signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return "second";
})({});
`,
    );
    const scheduler = project.start("scheduler");
    try {
      const { runId } = await project.json<{ runId: string }>("dags", "trigger", "waiting");
      const untilRun = async (is: (report: RunReport) => boolean): Promise<RunReport> => {
        for (;;) {
          const report = await project.json<RunReport>("runs", "show", "waiting", runId);
          if (is(report)) return report;
          await rest(50);
        }
      };
      await untilRun(({ tasks }) => tasks[0]?.state === "running");
      const { cleared } = await project.json<{ cleared: object[] }>(
        "tasks",
        "clear",
        "waiting",
        runId,
        "wait",
      );
      expect(cleared).toHaveLength(1);
      const report = await untilRun(({ durationMs }) => durationMs !== null);
      expect(report).toMatchObject({ state: "success", tasks: [{ state: "success", tryNumber: 2 }] });
      expect(await project.json("tasks", "xcom", "waiting", runId, "wait")).toEqual({
        return_value: "second",
      });
      // The attempt's log gets its last line when its process is gone, which the run does not wait for.
      let log = "";
      while (!log.includes("cleared")) {
        await rest(50);
        log = (await project.run("tasks", "logs", "waiting", runId, "wait", "--try", "1")).stdout;
      }
    } finally {
      scheduler.kill("SIGKILL");
    }
  });
});
