// The cost of tracking the reads of a cached handler, compared with the same handler without a cache.

import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256, systemClock, type Attempt, type AttemptOutcome } from "@memodag/core";
import { LocalExecutor } from "@memodag/executor";
import { compared, median, type Report } from "../harness/measurement.ts";

const STARTS = 21;
const READS = 20_000;
const ROUNDS = 5;

const START = `import fs from "node:fs";
import { Dag } from "memodag";
export const dag = new Dag("d");
dag.task("it", () => fs.readFileSync("data/0.txt", "utf8"))({});
`;
/** Microseconds per read, for a few files read repeatedly and for files read for the first time. */
const READ = `import fs from "node:fs";
import { Dag } from "memodag";
export const dag = new Dag("d");
const reads = ${READS};
const measure = (path) => {
  const startedAt = performance.now();
  for (let index = 0; index < reads; index += 1) fs.statSync(path(index), { throwIfNoEntry: false });
  return ((performance.now() - startedAt) * 1000) / reads;
};
dag.task("it", () => {
  const folder = process.cwd() + "/data/";
  measure((index) => folder + (index % 8) + ".txt");
  return [measure((index) => folder + (index % 8) + ".txt"), measure((index) => folder + "new-" + index + ".txt")];
})({});
`;

/** `npm run bench -- noticing` */
export async function benchmark(report: Report): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "memodag-bench-"));
  mkdirSync(join(root, "data"));
  for (let index = 0; index < 8; index += 1) writeFileSync(join(root, "data", `${index}.txt`), "1");
  const codes = new Map([START, READ].map((text) => [sha256(Buffer.from(text)), Buffer.from(text)]));
  const executor = new LocalExecutor({
    parallelism: () => 1,
    artifactsDir: join(root, "artifacts"),
    logsDir: join(root, "logs"),
    exchangeDir: join(root, "exchange"),
    ordinaryEnv: ["PATH", "HOME", "NODE_*", "npm_*"],
    clock: systemClock,
    bundlePath: () => root,
    artifacts: {
      getArtifact: async (digest) => ({ digest, code: codes.get(digest) ?? Buffer.alloc(0) }),
    },
  });
  try {
    await measureStarts(executor, report);
    await measureReads(executor, report);
  } finally {
    await executor.close(0);
    rmSync(root, { recursive: true, force: true });
  }
}

async function measureStarts(executor: LocalExecutor, report: Report): Promise<void> {
  const [watched, plain]: [number[], number[]] = [[], []];
  for (let index = 0; index < STARTS; index += 1) {
    for (const [isWatched, into] of [
      [false, plain],
      [true, watched],
    ] as const) {
      const startedAt = performance.now();
      await run(executor, START, isWatched);
      into.push(performance.now() - startedAt);
    }
  }
  report(
    compared(
      "a worker from its start to its end, watched",
      "ms",
      { value: median(watched), floor: median(plain) },
      { text: "at most 1.05 times the floor", isMet: (ratio) => ratio <= 1.05 },
    ),
  );
}

async function measureReads(executor: LocalExecutor, report: Report): Promise<void> {
  const watched: number[][] = [];
  const plain: number[][] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    plain.push(await timesOf(executor, false));
    watched.push(await timesOf(executor, true));
  }
  for (const [index, name] of ["read before", "not read before"].entries()) {
    const of = (rounds: readonly number[][]) => median(rounds.map((times) => times[index] ?? Number.NaN));
    const figures = { value: of(watched), floor: of(plain) };
    report(
      compared(`a file that was ${name}, watched`, "µs", figures, {
        text: "at most 2 µs more than the floor",
        isMet: () => figures.value - figures.floor <= 2,
      }),
    );
  }
}

async function timesOf(executor: LocalExecutor, isWatched: boolean): Promise<number[]> {
  const outcome = await run(executor, READ, isWatched);
  const bytes = outcome.kind === "succeeded" ? outcome.xcoms[0]?.bytes : undefined;
  return JSON.parse(Buffer.from(bytes ?? "[]").toString()) as number[];
}

async function run(executor: LocalExecutor, code: string, isWatched: boolean): Promise<AttemptOutcome> {
  const outcome = await new Promise<AttemptOutcome>((resolve) => {
    executor.listen({
      onEvent(event) {
        if (event.kind === "finished") resolve(event.outcome);
      },
      onCapacity: () => undefined,
    });
    void executor.submit(attemptOf(sha256(Buffer.from(code)), isWatched));
  });
  if (outcome.kind !== "succeeded" || outcome.uncacheable !== null) throw new Error(JSON.stringify(outcome));
  return outcome;
}

function attemptOf(artifactDigest: string, isWatched: boolean): Attempt {
  const attemptId = randomUUID();
  return {
    attemptId,
    queue: "default",
    team: "default",
    dagId: "d",
    runId: `run-${attemptId}`,
    taskId: "it",
    mapIndex: -1,
    tryNumber: 1,
    file: { bundle: "b", path: "d.ts" },
    artifactDigest,
    args: [],
    results: [],
    context: {
      dag: { dagId: "d" },
      dagRun: { runId: "r", runType: "manual", logicalDate: null, conf: {} },
      task: { taskId: "it" },
      taskInstance: { mapIndex: -1, tryNumber: 1, maxTries: 1, attemptId },
      params: {},
      logicalDate: null,
      dataInterval: null,
    },
    declaredContext: isWatched ? [] : null,
    declaredEnv: isWatched ? [] : null,
    ...(isWatched && { declaredFiles: ["data"] }),
    executionTimeoutMs: null,
  };
}
