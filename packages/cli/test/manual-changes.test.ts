import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as rest } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunReport } from "@memodag/operations/runs";
import { Project } from "./project.ts";

const HELD = `import { writeFileSync } from "node:fs";
import { Dag, getContext } from "memodag";

export const dag = new Dag("held");
const load = dag.task("load", async () => {
  writeFileSync("../pid", String(process.pid));
  while (true) {
    getContext().signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}, { cache: true });
const each = dag.task("each", ({ n }: { n: number }) => {
  if (n > 1) throw new Error("too many");
  return n;
});
const use = dag.task("use", ({ rows }: { rows: unknown }) => ({ rows }), { cache: true });
use({ rows: load({}) }).after(each.partial({}).expand({ n: [1, 2] }));
`;

describe("tasks set-state and runs cancel", () => {
  let project: Project;

  beforeAll(() => {
    project = new Project();
    writeFileSync(join(project.folder, "dags/held.ts"), HELD);
  });
  afterAll(() => project.remove());

  const trigger = async (): Promise<string> =>
    (await project.json<{ runId: string }>("dags", "trigger", "held")).runId;

  async function untilRun(runId: string, is: (report: RunReport) => boolean): Promise<RunReport> {
    for (;;) {
      const report = await project.json<RunReport>("runs", "show", "held", runId);
      if (is(report)) return report;
      await rest(50);
    }
  }

  const isHeld = ({ tasks }: RunReport): boolean =>
    tasks[0]?.state === "running" &&
    tasks.filter(({ taskId, state }) => taskId === "each" && /success|failed/.test(state)).length === 2 &&
    existsSync(join(project.folder, "pid"));

  /** Resolves when the worker of `load` is gone. */
  async function untilWorkerEnds(): Promise<void> {
    const pid = Number(readFileSync(join(project.folder, "pid"), "utf8"));
    for (;;) {
      try {
        process.kill(pid, 0);
      } catch {
        return;
      }
      await rest(20);
    }
  }

  it("go on with a run that a scheduler holds, and end one, with the worker of what runs", async () => {
    const scheduler = project.start("scheduler");
    try {
      const marked = await trigger();
      await untilRun(marked, isHeld);
      const failed = await project.run(
        "tasks",
        "set-state",
        "held",
        marked,
        "each",
        "success",
        "--map-index",
        "1",
      );
      expect(failed).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^Set 1 of \S+ to success: each\[1\]\.\nThe run is queued: /),
      });
      expect(await project.json("tasks", "set-state", "held", marked, "load", "success")).toEqual({
        dagId: "held",
        runId: marked,
        state: "queued",
        changed: [{ taskId: "load", mapIndex: -1 }],
      });
      await untilWorkerEnds();
      const over = await untilRun(marked, ({ state }) => state === "success");
      expect(over.tasks).toMatchObject([
        { taskId: "load", state: "success", cacheStatus: null, durationMs: null },
        { mapIndex: 0, state: "success" },
        { mapIndex: 1, state: "success", error: null },
        { taskId: "use", state: "success" },
      ]);
      expect(await project.json("tasks", "xcom", "held", marked, "use")).toEqual({
        return_value: { rows: null },
      });

      const cancelled = await trigger();
      await untilRun(cancelled, isHeld);
      const { stdout } = await project.run("runs", "cancel", "held", cancelled);
      expect(stdout).toMatch(/^Cancelled \S+ of held: 1 failed, \d skipped\.\n.*: load\.\n$/);
      await untilWorkerEnds();
      expect(await untilRun(cancelled, () => true)).toMatchObject({
        state: "failed",
        tasks: [{ state: "failed", error: { code: "run_cancelled" } }, {}, {}, { state: expect.any(String) }],
      });
    } finally {
      scheduler.kill("SIGKILL");
    }
  });

  it("change a run that nobody holds, and say what is the matter with anything else", async () => {
    const runId = await trigger();
    const setState = async (...words: string[]) =>
      await project.run("tasks", "set-state", "held", runId, ...words);
    expect(
      await project.json("tasks", "set-state", "held", runId, "load", "skipped", "--downstream"),
    ).toMatchObject({
      changed: [{ taskId: "load" }, { taskId: "use" }],
    });
    expect((await setState("load", "skipped")).stdout).toBe(`load of ${runId} is skipped already.\n`);
    expect(await setState("load", "done")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("Allowed choices are success, failed, skipped"),
    });
    expect((await setState("lod", "failed")).stderr).toMatch(
      /has no task "lod": its tasks are load, each, use/,
    );
    expect((await setState("each", "failed", "--map-index", "3")).stderr).toMatch(/it is not expanded yet/);
    expect((await setState("load", "failed", "--map-index", "x")).stderr).toMatch(/whole number from 0/);
    const unknown = await project.run("runs", "cancel", "held", "no-such-run");
    expect(unknown).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/has no run "no-such-run": `memodag/),
    });

    expect(await project.json("runs", "cancel", "held", runId)).toEqual({
      dagId: "held",
      runId,
      state: "failed",
      failed: [],
      skipped: [{ taskId: "each", mapIndex: -1 }],
    });
    const again = await project.run("runs", "cancel", "held", runId, "--json");
    expect(again.code).toBe(2);
    expect(JSON.parse(again.stderr)).toMatchObject({
      error: {
        code: "run_ended",
        message: expect.stringMatching(/has already ended \(failed\); there is nothing/),
      },
    });
    const acts = await project.json<{ action: string }[]>("audit", "ls");
    expect(acts.map(({ action }) => action)).toEqual(
      expect.arrayContaining(["runs.cancel", "tasks.set-state"]),
    );
  });
});
