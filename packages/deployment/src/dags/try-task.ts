// Runs one task with the current code of its Dag file and the values of an earlier run, and writes nothing down.

import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  MemodagError,
  RETURN_VALUE,
  systemClock,
  withCallTimeouts,
  type Attempt,
  type AttemptOutcome,
  type DagRun,
  type DagStore,
  type DagVersion,
  type JsonValue,
  type StoredError,
} from "@memodag/core";
import type { BundleSummary } from "@memodag/dag-processor";
import { LocalExecutor, LocalSurroundings } from "@memodag/executor";
import { FileLogStore } from "@memodag/executor/logs";
import type { OperationContext } from "@memodag/operations";
import { getRun } from "@memodag/operations/runs";
import { answerAttempts, attemptToTry } from "@memodag/scheduler";
import type { Deployment } from "../stores/deployment.ts";
import { openDagProcessor, requireBundles } from "./dag-files.ts";

/** The task to try, and the run whose values it receives. */
export interface TryTaskInput {
  readonly dagId: string;
  readonly taskId: string;
  /** As wherever a run is named. */
  readonly runId: string;
  readonly team?: string | undefined;
  /** Required for a mapped task. */
  readonly mapIndex?: number | undefined;
}

/** The outcome of a try. */
export interface TriedTask {
  readonly dagId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  /** The run whose values it received. */
  readonly runId: string;
  readonly state: "success" | "failed" | "skipped" | "up_for_reschedule";
  readonly returned: JsonValue;
  /** Other XComs that it pushed, by key. */
  readonly xcoms: Readonly<Record<string, JsonValue>>;
  readonly durationMs: number;
  readonly error: StoredError | null;
  /** Names of undeclared inputs that it used, which keep its result out of the cache; empty for a task without a cache. */
  readonly undeclared: readonly string[];
}

/** Where the task's output goes, and what ends a try. */
export interface TryTaskParts {
  readonly signal: AbortSignal;
  readonly onOutput: (text: string) => void;
}

/**
 * Tries a task in a worker process. The database is only read.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `dag_run_not_found`, `dag_file_invalid`,
 * `task_not_found`, `xcom_not_found`, `usage`.
 */
export async function tryTask(
  deployment: Deployment,
  context: OperationContext,
  input: TryTaskInput,
  parts: TryTaskParts,
): Promise<TriedTask> {
  requireBundles(deployment.loaded);
  const { config, runs, values } = deployment;
  const run = await getRun(context.stores, input);
  const { openMetastore } = await import("@memodag/metastore");
  const memory = await openMetastore("sqlite::memory:");
  const stateDir = await mkdtemp(join(tmpdir(), "memodag-try-"));
  try {
    await memory.migrate();
    const processor = await openDagProcessor({ dags: memory.dags, loaded: deployment.loaded }, stateDir);
    const bundles = await processor.processBundles(config.bundles);
    const version = await currentVersion(context, memory.dags, bundles, run);
    const bundlePaths = new Map(config.bundles.map(({ name, path }) => [name, path]));
    const bundlePath = (name: string): string => bundlePaths.get(name) ?? deployment.loaded.projectDir;
    const { ordinaryEnv, runtime } = config.taskCache;
    const surroundings = new LocalSurroundings({
      level: runtime,
      env: process.env,
      ordinaryEnv,
      clock: systemClock,
      packageMemoryPath: join(stateDir, "packages.json"),
      bundlePath,
    });
    const attempt = await attemptToTry({
      run,
      version,
      taskId: input.taskId,
      mapIndex: input.mapIndex,
      instances: await runs.listTaskInstances(run.team, run.id),
      xcoms: await runs.listXComs(run.team, run.id),
      values,
      attemptId: randomUUID(),
      runtime: surroundings.runtime,
      now: context.clock.now(),
    });
    const logsDir = join(stateDir, "logs");
    const executor = new LocalExecutor({
      parallelism: () => 1,
      artifactsDir: join(stateDir, "artifacts"),
      logsDir,
      exchangeDir: join(stateDir, "exchange"),
      log: context.log,
      ordinaryEnv,
      nodeOptions: config.worker.nodeOptions,
      heartbeatTimeoutMs: config.scheduler.heartbeatTimeout,
      maxXComBytes: deployment.maxXComBytes,
      queries: {
        ...answerAttempts({
          runs: withCallTimeouts(runs, "runs", systemClock),
          values,
          variables: config.variables,
          env: process.env,
        }),
        callValueCache: () => Promise.reject(refused("a value cache")),
        askEntries: () => Promise.reject(refused("the job cache")),
      },
      clock: systemClock,
      artifacts: memory.dags,
      values,
      bundlePath,
    });
    const outcome = await runAttempt(executor, new FileLogStore(logsDir), attempt, parts);
    return report(attempt, outcome);
  } finally {
    await memory.close();
    await rm(stateDir, { recursive: true, force: true });
  }
}

function refused(what: string): MemodagError {
  return new MemodagError("usage", `A try writes nothing, so it cannot use ${what}: run the Dag for that`);
}

/** The Dag as its file is now; the last good version would not be what was asked for. */
async function currentVersion(
  context: OperationContext,
  dags: DagStore,
  bundles: readonly BundleSummary[],
  { dagId, team }: DagRun,
): Promise<DagVersion> {
  const [version] = await dags.findDagVersions(dagId, team);
  if (version) return version;
  const [stored] = await context.stores.dags.findDagVersions(dagId, team);
  const broken = bundles.flatMap(({ bundle, files }) =>
    files.filter(({ kind, path }) => kind === "broken" && isSameFile(stored, bundle, path)),
  )[0];
  const fields = { dagId };
  if (broken?.kind !== "broken") {
    throw new MemodagError("dag_not_found", `No Dag file has Dag "${dagId}" now`, { fields });
  }
  const { file, line, message } = broken.error;
  throw new MemodagError(
    "dag_file_invalid",
    `The file of Dag "${dagId}" cannot be read. ${file}${line === null ? "" : `:${line}`}: ${message}`,
    { fields },
  );
}

function isSameFile(stored: DagVersion | undefined, bundle: string, path: string): boolean {
  return stored?.file.bundle === bundle && stored.file.path === path;
}

async function runAttempt(
  executor: LocalExecutor,
  logs: FileLogStore,
  attempt: Attempt,
  { signal, onOutput }: TryTaskParts,
): Promise<AttemptOutcome> {
  const ended = Promise.withResolvers<AttemptOutcome>();
  let hasEnded = false;
  executor.listen({
    onEvent(event) {
      if (event.kind !== "finished") return;
      hasEnded = true;
      ended.resolve(event.outcome);
    },
    onCapacity: () => undefined,
  });
  const cancel = (): void => {
    const error = { code: "run_cancelled", message: "the try was stopped" };
    void executor.cancel(attempt.attemptId, error);
  };
  await executor.submit(attempt);
  signal.addEventListener("abort", cancel, { once: true });
  if (signal.aborted) cancel();
  try {
    for await (const text of logs.tail(attempt, { isOver: () => Promise.resolve(hasEnded) })) onOutput(text);
    return await ended.promise;
  } finally {
    signal.removeEventListener("abort", cancel);
    await executor.close(0);
  }
}

const STATES = {
  succeeded: "success",
  failed: "failed",
  skipped: "skipped",
  rescheduled: "up_for_reschedule",
} as const;

function report({ dagId, taskId, mapIndex, runId }: Attempt, outcome: AttemptOutcome): TriedTask {
  const pushed = outcome.kind === "succeeded" ? outcome.xcoms : [];
  const values = Object.fromEntries(
    pushed.map(({ key, bytes }) => [key, JSON.parse(Buffer.from(bytes).toString()) as JsonValue]),
  );
  const { [RETURN_VALUE]: returned = null, ...xcoms } = values;
  const reason = "uncacheable" in outcome ? (outcome.uncacheable ?? null) : null;
  return {
    dagId,
    taskId,
    mapIndex,
    runId,
    state: STATES[outcome.kind],
    returned,
    xcoms,
    durationMs: outcome.durationMs,
    error: outcome.kind === "failed" ? outcome.error : null,
    undeclared: reason?.code === "undeclared_input" ? reason.detail.names : [],
  };
}
