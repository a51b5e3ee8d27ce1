// A hit of a task that saved a hundred entries, and what a worker needs for an entry of 1 GiB.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { JOB_CACHE, sha256, silentLogger, systemClock, type Attempt } from "@memodag/core";
import { MemoryByteStore } from "@memodag/result-cache";
import { RunEntries, type EntryCache } from "@memodag/scheduler";
import { Dag } from "memodag";
import type { BenchDatabase } from "../harness/databases.ts";
import { compared, median, type Report } from "../harness/measurement.ts";
import { BenchRuns, PretendedExecutor } from "../scheduler/bench-runs.ts";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const memodag = join(repository, "packages/memodag/bin/memodag.js");

const ENTRIES = 100;
const RUNS = 20;
const MOST_MS_MORE = 10;

/** Times hits of a task with entries beside hits of one without. */
export async function measureHits({ dialect, metastore }: BenchDatabase, report: Report): Promise<void> {
  const bytes = new MemoryByteStore();
  const cache: EntryCache = {
    name: JOB_CACHE,
    scope: "run",
    store: "memory",
    defaultTtlMs: null,
    maxEntryBytes: 2 ** 20,
    isLimited: false,
  };
  const jobCaches = new RunEntries({
    store: metastore.entries,
    findCache: () => cache,
    openStore: async () => bytes,
    maxInlineBytes: () => 2 ** 20,
    lookupTimeoutMs: () => 30_000,
    breaker: { breakerThreshold: 5, breakerRestMs: 30_000 },
    runs: metastore.runs,
    clock: systemClock,
    log: silentLogger,
  });
  const executor = new PretendedExecutor(0, async (attempt) => {
    if (attempt.taskId === "saves") await saveEntries(jobCaches, attempt);
  });
  const runs = new BenchRuns({ ...metastore, jobCaches }, executor);
  const figures: Record<string, number[]> = { saves: [], plain: [] };
  const versions = Object.fromEntries(
    await Promise.all(
      Object.keys(figures).map(async (taskId) => {
        const dag = new Dag(`hits_of_${taskId}`);
        dag.task(taskId, () => null, { cache: true })();
        return [taskId, await runs.define(dag)] as const;
      }),
    ),
  );
  for (let round = 0; round <= RUNS; round += 1) {
    for (const [taskId, version] of Object.entries(versions)) {
      const { run, ms } = await runs.run(version);
      // The first run executes the task.
      if (round === 0) continue;
      figures[taskId]?.push(ms);
      const entries = await metastore.entries.find(
        { team: run.team, cache: JOB_CACHE, scopeId: String(run.id) },
        "e99",
      );
      if (run.processesSpawned > 0 || run.bytesMoved > 0 || (taskId === "saves") !== (entries !== undefined))
        throw new Error(`run ${run.runId} was no hit that restores entries and moves no byte`);
    }
  }
  await runs.stop();
  const [value, floor] = [median(figures["saves"] ?? []), median(figures["plain"] ?? [])];
  report(
    compared(
      `${dialect}: hit of a task with ${ENTRIES} entries`,
      "ms",
      { value, floor },
      {
        text: `at most ${MOST_MS_MORE} ms more than one without`,
        isMet: () => value - floor <= MOST_MS_MORE,
      },
    ),
  );
}

async function saveEntries({ desk }: RunEntries, attempt: Attempt): Promise<void> {
  for (let index = 0; index < ENTRIES; index += 1) {
    const content = Buffer.from(`entry ${index} ${"x".repeat(1_000)}`);
    const { reply } = await desk.answer(
      attempt,
      {
        op: "save",
        cache: JOB_CACHE,
        key: `e${index}`,
        digest: sha256(content),
        md5: createHash("md5").update(content).digest("hex"),
        sizeBytes: content.length,
        isNow: false,
        ifAbsent: false,
      },
      content,
    );
    if (reply.kind !== "saved") throw new Error(`an entry was not saved: ${reply.kind}`);
  }
}

const LARGE_BYTES = 2 ** 30;
const MOST_MIB = 150;

const LARGE_DAG = `import { Dag, getContext } from "memodag";
import { writeFileSync } from "node:fs";

const note = (name: string) =>
  writeFileSync(process.env.PEAKS! + name, String(process.resourceUsage().maxRSS / 1024));

export const dag = new Dag("large");
const save = dag.task("save", async () => {
  const ref = await getContext().jobCache.save("large", { file: process.env.LARGE! });
  note("save");
  return ref;
});
const load = dag.task("load", async ({ ref }: { ref: { key: string } }) => {
  let sum = 0;
  for await (const chunk of await getContext().jobCache.open(ref as never)) sum += chunk.length;
  note("load");
  return sum;
});
load({ ref: save({}) });
dag.task("nothing", () => note("nothing"))();
`;

/**
 * Resident memory of workers at its highest, for saving a file and for reading the entry as a stream.
 * @param store the keys of `[[stores]]`, as TOML, but for its name
 */
export async function measureMemory(name: string, store: string, report: Report): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "memodag-bench-values-"));
  try {
    mkdirSync(join(folder, "dags"));
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
    writeFileSync(join(folder, "memodag.toml"), configOf(store));
    writeFileSync(join(folder, "dags/large.ts"), LARGE_DAG);
    symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
    const large = join(folder, "large.bin");
    writeFileSync(large, "x");
    // It has no blocks, and is read and stored as any other file is.
    truncateSync(large, LARGE_BYTES);
    const peaks = join(folder, "peak-");
    await runLarge(folder, { LARGE: large, PEAKS: peaks });
    const peakOf = (task: string): number => Number(readFileSync(peaks + task, "utf8"));
    for (const task of ["save", "load"]) {
      report(
        compared(
          `${name}: memory of a worker to ${task} 1 GiB`,
          "MiB",
          { value: peakOf(task), floor: peakOf("nothing") },
          { text: `under ${MOST_MIB} MiB`, isMet: (_, value) => value < MOST_MIB },
        ),
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Not by `spawnSync`: the server of the store may be a child of this process, and is read from. */
async function runLarge(cwd: string, env: Readonly<Record<string, string>>): Promise<void> {
  const child = spawn(process.execPath, [memodag, "dags", "run", "large"], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output: unknown[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => output.push(text));
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`memodag dags run large ended with ${code}: ${output.join("")}`);
}

function configOf(store: string): string {
  return `[[bundles]]
name = "dags"
path = "dags"

[[stores]]
name = "large"
${store}

[job_cache]
store = "large"
max_entry_size = "2GiB"
`;
}
