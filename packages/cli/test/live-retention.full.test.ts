// Every key of [retention] and [[dag_retention]]: one scheduler does nothing about what is old, until the file says so.

import { mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as rest } from "node:timers/promises";
import { knownSections } from "@memodag/config";
import { sha256, silentLogger, systemClock } from "@memodag/core";
import { LiveConfig, loadSettings } from "@memodag/deployment/config";
import { openScheduler } from "@memodag/deployment/scheduler";
import { operationContext, withDeployment, type Deployment } from "@memodag/deployment/stores";
import { TEST_DIALECTS, endRuns, openTestMetastore, type TestMetastore } from "@memodag/metastore/testing";
import { describe, expect, it } from "vitest";
import { Project } from "./project.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Something old that is there, by the key that limits it. Each Dag has three runs of ten hours ago. */
interface Old {
  /** Dags that it makes runs of. */
  readonly dags?: readonly string[];
  readonly isThere: (room: Room) => Promise<boolean>;
}

interface Room {
  readonly metastore: TestMetastore;
  readonly deployment: Deployment;
  readonly project: Project;
}

const countRuns = async ({ metastore }: Room, dagId: string, team = "default") =>
  (await metastore.runs.listRuns({ team, dagId, limit: 99 })).length;

/** Whether the oldest run of a Dag has XComs. */
async function hasXComs({ metastore }: Room, dagId: string): Promise<boolean> {
  const oldest = (await metastore.runs.listRuns({ team: "default", dagId, limit: 99 })).at(-1);
  return oldest !== undefined && (await metastore.runs.listXComs("default", oldest.id)).length > 0;
}

async function hasLogs({ deployment }: Room, dagId: string): Promise<boolean> {
  const { logs } = operationContext(deployment, { clock: systemClock, log: silentLogger });
  return (await logs.measure({ team: "default", dagId, runId: "run1" })).count > 0;
}

const KEYS: Readonly<Record<string, Old>> = {
  "retention.runs": { dags: ["runs"], isThere: async (room) => (await countRuns(room, "runs")) > 1 },
  // Not reached by any other limit.
  "retention.max_runs": { dags: ["many"], isThere: async (room) => (await countRuns(room, "many")) > 2 },
  "retention.xcoms": { dags: ["xcoms"], isThere: (room) => hasXComs(room, "xcoms") },
  "retention.max_xcoms_size": { dags: ["large"], isThere: (room) => hasXComs(room, "large") },
  "retention.max_entries_size": {
    dags: ["entries"],
    async isThere({ metastore }) {
      const runs = await metastore.runs.listRuns({ team: "default", dagId: "entries", limit: 99 });
      return (await metastore.runRetention.count(runs.map(({ id }) => id))).entries > 1;
    },
  },
  "retention.logs": { dags: ["logs"], isThere: (room) => hasLogs(room, "logs") },
  "retention.max_logs_size": { dags: ["large-logs"], isThere: (room) => hasLogs(room, "large-logs") },
  "retention.artifacts": {
    isThere: async ({ metastore }) =>
      (await metastore.superseded.findArtifacts([sha256("superseded")])).size > 0,
  },
  "retention.max_artifacts_size": {
    isThere: async ({ project }) => readdirSync(join(project.folder, ".memodag/artifacts")).length > 0,
  },
  "retention.explanations": {
    isThere: async ({ metastore }) => (await metastore.decisions.amount(2 * DAY)).count > 0,
  },
  "retention.audit": { isThere: async ({ metastore }) => (await metastore.audit.amount(95 * DAY)).count > 0 },
  "dag_retention.dag": { dags: ["own"], isThere: async (room) => (await countRuns(room, "own")) > 1 },
  "dag_retention.team": {
    dags: ["team"],
    isThere: async (room) => (await countRuns(room, "team")) > 1,
  },
  "dag_retention.runs": {
    dags: ["own-runs"],
    isThere: async (room) => (await countRuns(room, "own-runs")) > 1,
  },
  "dag_retention.max_runs": {
    dags: ["own-many"],
    isThere: async (room) => (await countRuns(room, "own-many")) > 1,
  },
  "dag_retention.xcoms": { dags: ["own-xcoms"], isThere: (room) => hasXComs(room, "own-xcoms") },
  "dag_retention.logs": { dags: ["own-logs"], isThere: (room) => hasLogs(room, "own-logs") },
};

/** A table that takes a Dag out of all limits of age but these. */
function table(dag: string, limits: Readonly<Record<string, string | number>> = {}): string {
  const keys = { dag, runs: "never", xcoms: "never", logs: "never", ...limits };
  const lines = Object.entries(keys).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  return ["[[dag_retention]]", ...lines].join("\n");
}

const BEFORE = `[retention]
artifacts = "30d"
[[dag_retention]]
dag = "nowhere"
runs = "1h"
[[dag_retention]]
dag = "team"
team = "others"
runs = "1h"
`;

const AFTER = [
  '[retention]\nruns = "1h"\nmax_runs = 2\nxcoms = "1h"\nmax_xcoms_size = "0B"\nmax_entries_size = "0B"',
  'logs = "1h"\nmax_logs_size = "1KiB"\nartifacts = "1h"\nmax_artifacts_size = "0B"\nexplanations = "1h"\naudit = "90d"',
  ...["many", "large", "entries", "large-logs"].map((dag) => table(dag)),
  table("xcoms", { xcoms: "1h" }),
  table("logs", { logs: "1h" }),
  table("own", { runs: "1h" }),
  table("team", { team: "default", runs: "1h" }),
  table("own-runs", { runs: "1h" }),
  table("own-many", { max_runs: 1 }),
  table("own-xcoms", { xcoms: "1h" }),
  table("own-logs", { logs: "1h" }),
].join("\n");

it("has something old for every key of the sections", () => {
  const keys = ["retention", "dag_retention"].flatMap((name) =>
    [...(knownSections.get(name)?.keys.keys() ?? [])].map((key) => `${name}.${key}`),
  );
  expect(keys.toSorted()).toEqual(Object.keys(KEYS).toSorted());
});

describe.each(TEST_DIALECTS)("limits that are changed under a scheduler, on %s", (dialect) => {
  it("take effect at once", async () => {
    await using metastore = await openTestMetastore(dialect);
    const head = `[database]\nurl = ${JSON.stringify(metastore.url)}\n[task_cache]\ngc_interval = "1s"\n`;
    const project = new Project(head + BEFORE);
    try {
      await makeOld(metastore, project);
      const file = join(project.folder, "memodag.toml");
      const loaded = await loadSettings({ config: file });
      await withDeployment({ loaded, log: silentLogger }, async (deployment) => {
        const live = new LiveConfig(loaded);
        const scheduler = await openScheduler(deployment, { live, log: silentLogger });
        const room = { metastore, deployment, project };
        const there = async () =>
          (
            await Promise.all(
              Object.entries(KEYS).map(async ([key, { isThere }]) => ((await isThere(room)) ? [key] : [])),
            )
          ).flat();
        scheduler.start();
        try {
          await rest(3_000);
          expect(await there()).toEqual(Object.keys(KEYS));
          writeFileSync(file, head + AFTER);
          await expect.poll(there, { timeout: 50_000 }).toEqual([]);
          expect(await countRuns(room, "runs")).toBe(1);
          expect(await countRuns(room, "many")).toBe(2);
          expect(await countRuns(room, "xcoms")).toBe(2);
        } finally {
          await scheduler.stop();
        }
      });
    } finally {
      project.remove();
    }
  });
});

async function makeOld(metastore: TestMetastore, project: Project): Promise<void> {
  const now = await metastore.readClock();
  const time = (Date.now() - 10 * HOUR) / 1_000;
  for (const dagId of Object.values(KEYS).flatMap(({ dags = [] }) => dags)) {
    for (const run of await endRuns(metastore, dagId, { team: "default", runs: 3, endedAgo: 10 * HOUR })) {
      const log = join(
        project.folder,
        `.memodag/logs/team=default/dag_id=${dagId}/run_id=${run.runId}/task_id=t/map_index=-1/attempt=1.log`,
      );
      mkdirSync(dirname(log), { recursive: true });
      writeFileSync(log, "x".repeat(1_000));
      utimesSync(log, time, time);
      if (dagId !== "entries") continue;
      const upload = { team: "default", store: "metadata-db", name: sha256(run.runId) };
      await metastore.entries.beginUpload(upload);
      const blob = await metastore.entries.endUpload(upload, { digest: sha256(run.runId), sizeBytes: 10 });
      await metastore.execute(
        `insert into cache_entry (team, cache, scope_id, key, blob_id, dag_run_id, task_id, map_index, attempt_id,
           is_pending, saved_at)
         values ('default', '', '${run.id}', 'k', ${blob.id}, ${run.id}, 'task', 0, 'a${run.id}', 0, ${now})`,
      );
    }
  }
  const folder = join(project.folder, ".memodag/artifacts");
  mkdirSync(folder);
  const copy = join(folder, `${sha256("code")}.mjs`);
  writeFileSync(copy, "code");
  utimesSync(copy, time, time);
  await metastore.execute(
    `insert into dag_artifact (digest, code, created_at) values ('${sha256("superseded")}', '', ${now - 10 * HOUR})`,
  );
  await metastore.execute(
    `insert into cache_decision (dag_run_id, task_id, map_index, team, dag_id, run_id, key, reason, changes,
       components, decided_at)
     values (0, 't', -1, 'default', 'd', 'r', 'k', 'new', '[]', '{}', ${now - 3 * DAY})`,
  );
  await metastore.execute(
    `insert into audit_entry (at, actor_kind, actor, host, action, filter)
     values (${now - 100 * DAY}, 'os_user', 'ada', 'h', 'cache.gc', '{}')`,
  );
}
