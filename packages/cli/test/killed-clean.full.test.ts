// `db clean` that is killed in the middle, and one that works while a scheduler does.

import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as rest } from "node:timers/promises";
import type { Removed } from "@memodag/operations/retention";
import type { RunReport } from "@memodag/operations/runs";
import { TEST_DIALECTS, endRuns, openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Project } from "./project.ts";

const RUNS = 1_500;
const INSTANCES = 3;
const LOGS = 200;
const HOUR = 3_600_000;

describe.each(TEST_DIALECTS)("db clean on %s", { timeout: 300_000 }, (dialect) => {
  let metastore: TestMetastore;
  let project: Project;
  let ids: readonly number[];
  beforeEach(async () => {
    metastore = await openTestMetastore(dialect);
    project = new Project(
      `[database]\nurl = ${JSON.stringify(metastore.url)}\n[[bundles]]\nname = "dags"\npath = "dags"\n[retention]\nruns = "1h"\n`,
    );
    const runs = await endRuns(metastore, "old", {
      team: "default",
      runs: RUNS,
      instances: INSTANCES,
      endedAgo: 10 * HOUR,
    });
    ids = runs.map(({ id }) => id);
    for (const { runId } of runs.slice(0, LOGS)) {
      const folder = join(logsOfDag(), `run_id=${runId}`, "task_id=t/map_index=-1");
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, "attempt=1.log"), "text");
    }
  });
  afterEach(async () => {
    project.remove();
    await metastore.close();
  });

  const logsOfDag = (): string => join(project.folder, ".memodag/logs/team=default/dag_id=old");

  /** Runs that are there. */
  const listLeft = async (): Promise<number[]> =>
    (await metastore.runs.listRuns({ dagId: "old", limit: RUNS })).map(({ id }) => id);

  it("that is killed at any moment leaves whole runs, and the next one finishes", async () => {
    let before = RUNS;
    for (let kill = 0; kill < 4; kill += 1) {
      const cleaning = project.start("db", "clean");
      const ended = once(cleaning, "exit");
      while ((await listLeft()).length === before) await rest(5);
      cleaning.kill("SIGKILL");
      expect(await ended).toEqual([null, "SIGKILL"]);
      const left = await listLeft();
      expect(left.length).toBeLessThan(before);
      expect(left.length).toBeGreaterThan(1);
      // A run that is there has all of its own.
      expect(await metastore.runRetention.count(left)).toEqual({
        instances: left.length * INSTANCES,
        xcoms: left.length * INSTANCES,
        entries: 0,
      });
      before = left.length;
    }
    const last = await project.json<Removed>("db", "clean");
    expect(last).toMatchObject({ runs: before - 1, instances: (before - 1) * INSTANCES });
    const [latest = 0] = await listLeft();
    expect(await listLeft()).toEqual([ids.at(-1)]);
    expect(await metastore.runRetention.count([latest])).toMatchObject({ instances: INSTANCES });
    // Neither rows nor logs are left of any other.
    expect(await metastore.runRetention.count(ids)).toMatchObject({
      instances: INSTANCES,
      xcoms: INSTANCES,
    });
    expect(existsSync(logsOfDag()) ? readdirSync(logsOfDag()) : []).toEqual([]);
    const nothing = { runs: 0, instances: 0, xcoms: 0, entries: 0, logs: 0, artifacts: 0, bytes: 0 };
    expect(await project.json("db", "clean")).toEqual(nothing);
  });

  it("lets schedulers work meanwhile, and takes nothing of their runs", async () => {
    const cleaning = project.spawn("db", "clean", "--json");
    const over = new AbortController();
    void cleaning.then(() => over.abort());
    const reports: RunReport[] = [];
    do {
      const { stdout, stderr } = await project.spawn("dags", "run", "shapes", "--json");
      expect(stderr).not.toMatch(/locked|busy/i);
      reports.push(JSON.parse(stdout) as RunReport);
    } while (!over.signal.aborted);
    // No file defines the Dag "old": once the scheduler has read the files, no run of it is kept.
    const { runs } = JSON.parse((await cleaning).stdout) as Removed;
    expect([RUNS - 1, RUNS]).toContain(runs);
    expect(reports.map(({ state }) => state)).toEqual(reports.map(() => "success"));
    expect(reports[0]).toMatchObject({ cache: { populated: 4 } });
    for (const { runId } of reports)
      expect(await project.json("runs", "show", "shapes", runId)).toMatchObject({ state: "success" });
    expect(await project.json("tasks", "xcom", "shapes", reports[0]?.runId ?? "", "sum")).toEqual({
      return_value: 42,
    });
  });
});
