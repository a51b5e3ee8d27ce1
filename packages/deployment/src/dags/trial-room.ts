// Where tasks are tried: Dag files as they are now, read into a database in memory, and worker processes whose files
// are in a temporary folder. The metadata database is only read.

import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  MemodagError,
  systemClock,
  withCallTimeouts,
  type Attempt,
  type AttemptOutcome,
  type DagFile,
  type DagRun,
  type DagVersion,
} from "@memodag/core";
import type { DagProcessor } from "@memodag/dag-processor";
import { LocalExecutor, LocalSurroundings } from "@memodag/executor";
import { FileLogStore } from "@memodag/executor/logs";
import type { Metastore } from "@memodag/metastore";
import type { OperationContext } from "@memodag/operations";
import { answerAttempts, attemptToTry } from "@memodag/scheduler";
import type { Deployment } from "../stores/deployment.ts";
import { openDagProcessor, requireBundles } from "./dag-files.ts";

/** An instance to try on the values of a run. */
export interface Trial {
  readonly run: DagRun;
  readonly taskId: string;
  readonly mapIndex: number | undefined;
}

/** Where the task's output goes, and what ends a try. */
export interface TryTaskParts {
  readonly signal: AbortSignal;
  readonly onOutput: (text: string) => void;
}

/** The attempt of a try, and how it ended. */
export interface TrialEnd {
  readonly attempt: Attempt;
  readonly outcome: AttemptOutcome;
}

/** Reads Dag files and runs attempts, until it is closed. */
export class TrialRoom {
  /** Reads Dag files into this room. */
  readonly processor: DagProcessor;
  readonly #deployment: Deployment;
  readonly #context: OperationContext;
  readonly #memory: Metastore;
  readonly #stateDir: string;
  readonly #surroundings: LocalSurroundings;

  private constructor(
    deployment: Deployment,
    context: OperationContext,
    parts: { readonly memory: Metastore; readonly stateDir: string; readonly processor: DagProcessor },
  ) {
    const { ordinaryEnv, runtime } = deployment.config.taskCache;
    this.processor = parts.processor;
    this.#deployment = deployment;
    this.#context = context;
    this.#memory = parts.memory;
    this.#stateDir = parts.stateDir;
    this.#surroundings = new LocalSurroundings({
      level: runtime,
      env: process.env,
      ordinaryEnv,
      clock: systemClock,
      packageMemoryPath: join(parts.stateDir, "packages.json"),
      bundlePath: (name) => this.#bundlePath(name),
    });
  }

  /** @throws MemodagError `config_invalid` if there are no bundles */
  static async open(deployment: Deployment, context: OperationContext): Promise<TrialRoom> {
    requireBundles(deployment.loaded);
    const { openMetastore } = await import("@memodag/metastore");
    const memory = await openMetastore("sqlite::memory:");
    const stateDir = await mkdtemp(join(tmpdir(), "memodag-try-"));
    try {
      await memory.migrate();
      const processor = await openDagProcessor({ dags: memory.dags, loaded: deployment.loaded }, stateDir);
      return new TrialRoom(deployment, context, { memory, stateDir, processor });
    } catch (error) {
      await closeAll(memory, stateDir);
      throw error;
    }
  }

  /**
   * Tries a task with the Dag as its file was last read here.
   * @throws MemodagError `dag_not_found`, `dag_file_invalid`, `task_not_found`, `xcom_not_found`, `usage`
   */
  async tryTask({ run, taskId, mapIndex }: Trial, parts: TryTaskParts): Promise<TrialEnd> {
    const { runs, values } = this.#deployment;
    const attempt = await attemptToTry({
      run,
      version: await this.#currentVersion(run),
      taskId,
      mapIndex,
      instances: await runs.listTaskInstances(run.team, run.id),
      xcoms: await runs.listXComs(run.team, run.id),
      values,
      attemptId: randomUUID(),
      runtime: this.#surroundings.runtime,
      now: this.#context.clock.now(),
    });
    // Each has a log of its own, although they all are the first try.
    const logsDir = join(this.#stateDir, "logs", attempt.attemptId);
    const executor = this.#newExecutor(logsDir);
    const outcome = await runAttempt(executor, new FileLogStore(logsDir), attempt, parts);
    await rm(logsDir, { recursive: true, force: true });
    return { attempt, outcome };
  }

  /** A string that changes with the files that a try would use: the Dag's, and those that the task declares. */
  async stateOf({ run, taskId }: Trial): Promise<string> {
    const { version, file } = await this.#find(run);
    const task = version?.dag.tasks.find((one) => one.taskId === taskId);
    return JSON.stringify([
      version?.id,
      file?.fingerprint,
      file?.error,
      version && task && (await this.#surroundings.of(version.file, task)),
    ]);
  }

  async close(): Promise<void> {
    await closeAll(this.#memory, this.#stateDir);
  }

  /** The Dag as its file is now; the last good version would not be what was asked for. */
  async #currentVersion(run: DagRun): Promise<DagVersion> {
    const { version, file } = await this.#find(run);
    const { dagId } = run;
    const fields = { dagId };
    const error = file?.error ?? null;
    if (version && error === null) return version;
    if (error === null)
      throw new MemodagError("dag_not_found", `No Dag file has Dag "${dagId}" now`, { fields });
    const place = `${error.file}${error.line === null ? "" : `:${error.line}`}`;
    throw new MemodagError(
      "dag_file_invalid",
      `The file of Dag "${dagId}" cannot be read. ${place}: ${error.message}`,
      { fields },
    );
  }

  /** The Dag of a run as it was last read here, and its file; that of the database, if it never could be read. */
  async #find({
    dagId,
    team,
  }: DagRun): Promise<{ version: DagVersion | undefined; file: DagFile | undefined }> {
    const { dags } = this.#memory;
    const [version] = await dags.findDagVersions(dagId, team);
    const [stored] = version ? [version] : await this.#context.stores.dags.findDagVersions(dagId, team);
    const files = stored ? await dags.listDagFiles(stored.file.bundle) : [];
    return { version, file: files.find(({ path }) => path === stored?.file.path) };
  }

  #bundlePath(name: string): string {
    const { config, loaded } = this.#deployment;
    return config.bundles.find((bundle) => bundle.name === name)?.path ?? loaded.projectDir;
  }

  #newExecutor(logsDir: string): LocalExecutor {
    const { config, runs, values, maxXComBytes } = this.#deployment;
    return new LocalExecutor({
      parallelism: () => 1,
      artifactsDir: join(this.#stateDir, "artifacts"),
      logsDir,
      exchangeDir: join(this.#stateDir, "exchange"),
      log: this.#context.log,
      ordinaryEnv: config.taskCache.ordinaryEnv,
      nodeOptions: config.worker.nodeOptions,
      heartbeatTimeoutMs: config.scheduler.heartbeatTimeout,
      maxXComBytes,
      queries: {
        ...answerAttempts({
          runs: withCallTimeouts(runs, "runs", systemClock),
          values,
          variables: config.variables,
          env: process.env,
        }),
        askHuman: () => Promise.reject(refused("an answer from a person")),
        callValueCache: () => Promise.reject(refused("a value cache")),
        askEntries: () => Promise.reject(refused("the job cache")),
      },
      clock: systemClock,
      artifacts: this.#memory.dags,
      values,
      bundlePath: (name) => this.#bundlePath(name),
    });
  }
}

async function closeAll(memory: Metastore, stateDir: string): Promise<void> {
  await memory.close();
  await rm(stateDir, { recursive: true, force: true });
}

function refused(what: string): MemodagError {
  return new MemodagError("usage", `A try writes nothing, so it cannot use ${what}: run the Dag for that`);
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
