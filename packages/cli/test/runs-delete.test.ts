import { existsSync } from "node:fs";
import { join } from "node:path";
import type { RunReport } from "@memodag/operations/runs";
import { silentLogger, type AuditEntry } from "@memodag/core";
import { loadSettings } from "@memodag/deployment/config";
import { withDeployment } from "@memodag/deployment/stores";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Project } from "./project.ts";

describe("runs delete", () => {
  let project: Project;
  beforeAll(() => {
    project = new Project();
  });
  afterAll(() => project.remove());

  const runShapes = async (): Promise<RunReport> => await project.json<RunReport>("dags", "run", "shapes");
  const logsOf = (runId: string): string =>
    join(project.folder, ".memodag/logs/team=default/dag_id=shapes", `run_id=${encodeURIComponent(runId)}`);
  const listIds = async (): Promise<string[]> =>
    (await project.json<{ runId: string }[]>("runs", "list", "shapes")).map(({ runId }) => runId);

  it("removes a run with all that is its own, and nothing that a later run or the cache needs", async () => {
    const first = await runShapes();
    const second = await runShapes();
    const before = await project.json("tasks", "xcom", "shapes", second.runId, "sum");
    expect(existsSync(logsOf(first.runId))).toBe(true);
    expect(await project.json("runs", "delete", "shapes", first.runId)).toEqual({
      runs: 1,
      instances: 4,
      xcoms: 4,
      entries: 0,
      logs: 4,
      artifacts: 0,
      bytes: expect.any(Number),
    });
    expect(existsSync(logsOf(first.runId))).toBe(false);
    expect(await project.json("tasks", "xcom", "shapes", second.runId, "sum")).toEqual(before);
    expect(await project.json("runs", "show", "shapes", second.runId)).toEqual(second);
    expect(await project.run("cache", "explain", "shapes", second.runId, "sum")).toMatchObject({ code: 0 });
    expect(await runShapes()).toMatchObject({ cache: { hit: 4 }, processesSpawned: 0 });
    const [act] = await project.json<AuditEntry[]>("audit", "ls", "--action", "runs.delete");
    expect(act).toMatchObject({
      team: "default",
      filter: { dagId: "shapes", runIds: [first.runId] },
      outcome: { kind: "done", affected: 1 },
    });
  });

  it("leaves the rest to the next collection if it is killed once a run has disappeared", async () => {
    const { runId } = await runShapes();
    const loaded = await loadSettings({ config: join(project.folder, "memodag.toml") });
    await withDeployment({ loaded, log: silentLogger }, async ({ runs, runRetention }) => {
      const { id } = (await runs.findRun("default", "shapes", runId))!;
      expect(await runRetention.removeRuns("default", [id])).toEqual({ kind: "removed" });
      expect(await runRetention.count([id])).toEqual({ instances: 4, xcoms: 4, entries: 0 });
      await project.json("cache", "gc");
      expect(await runRetention.count([id])).toEqual({ instances: 0, xcoms: 0, entries: 0 });
    });
  });

  it("deletes all that are named, or none, and says what is in the way", async () => {
    const { runId } = await project.json<{ runId: string }>("dags", "trigger", "shapes");
    const ids = await listIds();
    expect(ids).toHaveLength(3);
    const queued = await project.run("runs", "delete", "shapes", ...ids);
    expect(queued).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/is queued: .*`memodag runs cancel shapes .*`\. Nothing was deleted\./),
    });
    const unknown = await project.run("runs", "delete", "shapes", ids[1]!, "no-such-run");
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('no run "no-such-run"') });
    expect(await listIds()).toEqual(ids);

    await project.run("runs", "cancel", "shapes", runId);
    expect((await project.run("runs", "delete", "shapes", "latest", runId, ids[1]!)).stdout).toMatch(
      /^WHAT +COUNT\nruns +2\ntask instances +\d+\nXComs +4\n/,
    );
    expect(await listIds()).toEqual([ids[2]]);
  });
});
