// The executor that runs every attempt in a separate process on this machine. POSIX systems only, because
// an attempt ends with its whole process group.

import { randomBytes } from "node:crypto";
import {
  AttemptLedger,
  silentLogger,
  type ArtifactSource,
  type Attempt,
  type AttemptOutcome,
  type AttemptQueries,
  type AttemptStatus,
  type Clock,
  type Executor,
  type ExecutorListener,
  type Live,
  type Logger,
  type StoredError,
  type ValueReader,
} from "@memodag/core";
import { answerQuestion } from "./answer-question.ts";
import { ArtifactFiles } from "./artifact-files.ts";
import { AttemptCgroups } from "./attempt-cgroup.ts";
import { shutdownError } from "./attempt-end.ts";
import { AttemptRun } from "./attempt-run.ts";
import type { AttemptSurroundings } from "./attempt-surroundings.ts";
import { FaultNotices } from "./fault-notices.ts";
import { MAX_FRAME_BYTES } from "./frame.ts";
import { OrphanGuard } from "./orphan-guard.ts";
import type { Answer, Question } from "./protocol.ts";
import { ReusedWorkers } from "./reused-workers.ts";
import { warmLimit } from "./warm-limit.ts";
import { WarmWorkers } from "./warm-workers.ts";
import { ownEnvironment } from "./worker-environment.ts";

/** Settings of a {@link LocalExecutor}. */
export interface LocalExecutorOptions {
  /** Maximum number of concurrent attempts; at least 1. See {@link LocalExecutor.limitsChanged}. */
  readonly parallelism: Live<number>;
  /** Maximum number of concurrent attempts by queue. Default: no limit of its own for any queue. */
  readonly queueLimits?: Live<ReadonlyMap<string, number>>;
  /** Folder of artifact files; created when needed. */
  readonly artifactsDir: string;
  /** Folder of the attempts' logs; see {@link logFilePath}. */
  readonly logsDir: string;
  /**
   * Folder for arguments and results of commands, exclusive to this executor. Created when needed,
   * removed at the end.
   */
  readonly exchangeDir: string;
  /** Receives reports of disks that cannot be written to. Default: none. */
  readonly log?: Logger;
  /** Maximum number of processes that wait for attempts. Default: `parallelism`, within {@link warmMemory}. */
  readonly warmWorkers?: Live<number | undefined>;
  /** Maximum memory of processes that wait, in bytes. Default: an eighth of what there is, at most 1 GiB. */
  readonly warmMemory?: Live<number | undefined>;
  /** Puts attempts into cgroups if possible. Default: enabled. */
  readonly cgroups?: AttemptCgroups;
  /** Milliseconds between asking a handler to stop and killing it. Default: 2,000. */
  readonly killGraceMs?: number;
  /** Milliseconds for which an attempt waits for a disk before it starts. Default: 300,000. */
  readonly diskPatienceMs?: number;
  /** Milliseconds for which a worker may be stopped. Default: 60,000. */
  readonly heartbeatTimeoutMs?: number;
  /** Environment variables that libraries may read in a cached task; `NODE_*` matches a prefix. */
  readonly ordinaryEnv: readonly string[];
  /** Node options for workers. Default: none. */
  readonly nodeOptions?: readonly string[];
  /**
   * Maximum size of a returned or pushed value, in bytes of JSON. Default: the maximum that can be sent.
   */
  readonly maxXComBytes?: number;
  /** Maximum size of an entry of a job cache, in bytes. Default: 16 MiB. */
  readonly maxEntryBytes?: Live<number>;
  /** Answers queries of attempts. Default: nothing is found. */
  readonly queries?: AttemptQueries;
  /** Answers the questions of attempts in place of `queries`, and never rejects. */
  readonly answer?: (attempt: Attempt, question: Question) => Promise<Answer>;
  /** The environment that an attempt's is derived from. Default: that of this process. */
  readonly environmentOf?: (attempt: Attempt) => NodeJS.ProcessEnv;
  readonly clock: Clock;
  /** Provides the code that the Dag processor stored. */
  readonly artifacts: ArtifactSource;
  /** Provides the results of upstream tasks. Default: none is found. */
  readonly values?: ValueReader;
  /** Returns the folder of a bundle, in which workers run. */
  bundlePath(bundleName: string): string;
}

const DEFAULT_KILL_GRACE_MS = 2_000;
const DEFAULT_DISK_PATIENCE_MS = 300_000;
/** Leaves room in a frame for the message besides the value. */
const LARGEST_XCOM_BYTES = MAX_FRAME_BYTES - 2 ** 20;
const DEFAULT_ENTRY_BYTES = 16 * 2 ** 20;
const NOTHING_THERE: AttemptQueries = {
  findXCom: () => Promise.resolve(undefined),
  findVariable: () => Promise.resolve(undefined),
};
const NO_VALUES: ValueReader = { read: () => Promise.resolve(new Map()) };
const DEFAULT_HEARTBEAT_TIMEOUT_MS = 60_000;

interface RunningAttempt {
  readonly run: AttemptRun;
  /** Resolves after its `finished` event has been delivered. */
  readonly done: Promise<void>;
}

/** Runs attempts in worker processes. */
export class LocalExecutor implements Executor {
  /** Workers end with the process that started them. */
  readonly outlives = false;
  readonly #options: LocalExecutorOptions;
  readonly #surroundings: AttemptSurroundings;
  readonly #running = new Map<string, RunningAttempt>();
  readonly #ledger = new AttemptLedger();
  #isClosed = false;
  /**
   * Part of the environment of all processes that attempts start. It ends with a dot, so that no mark is
   * a prefix of another.
   */
  readonly #mark = `${randomBytes(12).toString("hex")}.`;
  #attempts = 0;

  constructor(options: LocalExecutorOptions) {
    this.#options = options;
    const { clock, queries = NOTHING_THERE } = options;
    const guard = new OrphanGuard({ mark: this.#mark, folder: options.exchangeDir });
    const cgroups = options.cgroups ?? new AttemptCgroups();
    const limit = (): number => warmLimit(options);
    const warm = new WarmWorkers({ limit, mark: this.#mark, clock, guard, cgroups });
    this.#surroundings = {
      warm,
      reused: new ReusedWorkers({ clock, warm }),
      artifacts: new ArtifactFiles(options.artifactsDir, options.artifacts),
      guard,
      cgroups,
      diskPatienceMs: options.diskPatienceMs ?? DEFAULT_DISK_PATIENCE_MS,
      notices: new FaultNotices(options.log ?? silentLogger),
      logsDir: options.logsDir,
      exchangeDir: options.exchangeDir,
      ordinaryEnv: options.ordinaryEnv,
      nodeOptions: options.nodeOptions ?? [],
      maxXComBytes: Math.min(options.maxXComBytes ?? LARGEST_XCOM_BYTES, LARGEST_XCOM_BYTES),
      maxEntryBytes: options.maxEntryBytes ?? (() => DEFAULT_ENTRY_BYTES),
      queries,
      answer: options.answer ?? ((attempt, question) => answerQuestion(queries, attempt, question)),
      environmentOf: options.environmentOf ?? ownEnvironment(),
      values: options.values ?? NO_VALUES,
      killGraceMs: options.killGraceMs ?? DEFAULT_KILL_GRACE_MS,
      heartbeatTimeoutMs: options.heartbeatTimeoutMs ?? DEFAULT_HEARTBEAT_TIMEOUT_MS,
      clock,
      bundlePath: (bundleName) => options.bundlePath(bundleName),
    };
  }

  capacity(queue: string): number {
    if (this.#isClosed) return 0;
    const { parallelism, queueLimits } = this.#options;
    const free = parallelism() - this.#ledger.running();
    if (!queueLimits) return Math.max(0, free);
    return Math.max(0, Math.min(free, (queueLimits().get(queue) ?? 0) - this.#ledger.running(queue)));
  }

  listen(listener: ExecutorListener): void {
    this.#ledger.listen(listener);
  }

  /** Number of processes that were started ahead and wait for an attempt. */
  get warmProcesses(): number {
    return this.#surroundings.warm.size;
  }

  /** Call when a limit has changed: tells the listener. Running attempts go on. */
  limitsChanged(): void {
    this.#ledger.tellCapacity();
  }

  async submit(attempt: Attempt): Promise<"accepted" | "full"> {
    const { attemptId, queue } = attempt;
    if (this.#ledger.has(attemptId)) return "accepted";
    if (this.capacity(queue) <= 0) return "full";
    this.#ledger.begin(attempt);
    const run = new AttemptRun(attempt, `${this.#mark}${(this.#attempts += 1)}`, this.#surroundings);
    this.#running.set(attemptId, { run, done: this.#follow(run) });
    return "accepted";
  }

  async adopt(attemptIds: readonly string[]): Promise<AttemptStatus[]> {
    return this.#ledger.adopt(attemptIds);
  }

  async settle(attemptIds: readonly string[]): Promise<void> {
    this.#ledger.settle(attemptIds);
  }

  async cancel(attemptId: string, error: StoredError): Promise<void> {
    this.#running.get(attemptId)?.run.stop(error, this.#surroundings.killGraceMs);
  }

  /** Ends an attempt as {@link LocalExecutor.cancel} does, without asking its handler first. */
  kill(attemptId: string, error: StoredError): void {
    this.#running.get(attemptId)?.run.stop(error, 0);
  }

  async close(graceMs: number): Promise<void> {
    this.#isClosed = true;
    const running = [...this.#running.values()];
    const cancelKill = this.#surroundings.clock.after(graceMs, () => {
      for (const { run } of running) run.stop(shutdownError(run.attempt), 0);
    });
    await Promise.all([...running.map(({ done }) => done), this.#surroundings.warm.close()]);
    await this.#surroundings.reused.close();
    cancelKill();
    this.#surroundings.cgroups.removeEmpty();
    this.#surroundings.guard.close();
  }

  async #follow(run: AttemptRun): Promise<void> {
    const { attemptId, artifactDigest } = run.attempt;
    const { artifacts } = this.#surroundings;
    let isStarted = false;
    let outcome = await run.run((pid) => {
      isStarted = true;
      this.#ledger.started(attemptId, { pid });
    });
    if (!isArtifactFault(outcome)) artifacts.held(artifactDigest);
    // The store's copy would not be better.
    else if (isStarted && artifacts.lost(artifactDigest)) outcome = asLost(outcome);
    this.#running.delete(attemptId);
    this.#ledger.finished(attemptId, outcome);
  }
}

type Failed = Extract<AttemptOutcome, { kind: "failed" }>;

/** A missing or damaged artifact file uses up no try: the next attempt writes it again. */
function asLost(outcome: Failed): Failed {
  return { ...outcome, error: { code: "attempt_lost", message: outcome.error.message } };
}

function isArtifactFault(outcome: AttemptOutcome): outcome is Failed {
  return (
    outcome.kind === "failed" &&
    (outcome.error.code === "artifact_not_found" || outcome.error.code === "artifact_damaged")
  );
}
