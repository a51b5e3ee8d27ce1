// A worker host is killed while it runs a task: the time until another attempt of the task begins.

import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "@memodag/core";
import { DagProcessor } from "@memodag/dag-processor";
import { triggerRun } from "@memodag/scheduler";
import { RedisServer } from "@memodag/test-servers";
import { makeProject } from "@memodag/test/chaos-project";
import { WorkerFleet } from "@memodag/test/worker-fleet";
import type { BenchDatabase } from "../harness/databases.ts";
import { absolute, median, type Report } from "../harness/measurement.ts";

const KILLS = 7;
const HOSTS = 2;
const PATIENCE_MS = 60_000;

/** The first attempt of each run lasts until it is killed. */
const dagFile = (
  notes: string,
): string => `import { appendFileSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Dag, getContext } from "memodag";
export const dag = new Dag("recovery");
const lasting = dag.task("lasting", async () => {
  const path = join(${JSON.stringify(notes)}, getContext().dagRun.runId);
  appendFileSync(path, JSON.stringify({ at: Date.now(), log: readlinkSync("/proc/self/fd/1") }) + "\\n");
  if (readFileSync(path, "utf8").trim().split("\\n").length === 1) await sleep(${PATIENCE_MS});
}, { cache: false });
lasting();
`;

const settingsOf = (redis: RedisServer, prefix: string): string => `
[core]
executor = "bullmq"
[executor]
url = "${redis.url}"
prefix = "${prefix}"
link_grace = "1s"
[scheduler]
poll_interval = "500ms"
`;

/** Measures from `kill -9` of a host to the beginning of the next attempt of what it ran. */
export async function measureRecovery(
  { dialect, url, metastore }: BenchDatabase,
  report: Report,
): Promise<void> {
  const redis = await RedisServer.start();
  const prefix = `p${randomUUID().slice(0, 8)}`;
  const folder = makeProject(url, settingsOf(redis, prefix));
  const [notes, dags] = [join(folder, "notes"), join(folder, "dags")];
  for (const path of [notes, join(folder, "hosts")]) mkdirSync(path);
  writeFileSync(join(dags, "recovery.ts"), dagFile(notes));
  const processor = new DagProcessor({ store: metastore.dags, stateDir: join(folder, "state") });
  await processor.processBundle({ name: "dags", path: dags, team: "default" });
  const [version] = await metastore.dags.findDagVersions("recovery");
  if (!version) throw new Error("the Dag file was not read");
  const database = { url, server: undefined };
  const fleet = await WorkerFleet.start({ folder, prefix, database, redis, hosts: HOSTS, schedulers: 1 });
  try {
    const figures: number[] = [];
    for (let kill = 0; kill < KILLS; kill += 1) {
      const { runId } = await triggerRun(metastore.runs, systemClock, {
        version,
        conf: {},
        params: {},
        logicalDate: null,
        cacheMode: "use",
      });
      const begun = await noteOf(join(notes, runId), 0);
      const host = Number(/hosts\/w(\d+)\//.exec(begun.log)?.[1]);
      const killedAt = Date.now();
      fleet.begin({ kind: "kill host", host, scheduler: 0, cut: "close", ms: 0, restMs: 0 });
      const next = await noteOf(join(notes, runId), 1);
      figures.push((next.at - killedAt) / 1_000);
      await fleet.calm();
    }
    const goal = { text: "at most 5 s", isMet: (seconds: number) => seconds <= 5 };
    const name = `${dialect}: from kill -9 of a host to the next attempt, link_grace 1 s`;
    report(absolute(`${name}, median`, "s", median(figures), goal));
    report(absolute(`${name}, longest of ${KILLS}`, "s", Math.max(...figures), goal));
  } finally {
    await fleet.stop();
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Note {
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  /** The path of the attempt's log, which names its host. */
  readonly log: string;
}

/** Resolves when an attempt has written its note. */
async function noteOf(path: string, index: number): Promise<Note> {
  const until = performance.now() + PATIENCE_MS;
  while (performance.now() < until) {
    const line = existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1)[index] : undefined;
    if (line !== undefined) return JSON.parse(line) as Note;
    await sleep(10);
  }
  throw new Error(`no attempt ${index + 1} began within ${PATIENCE_MS} ms`);
}
