// The executor that runs every attempt in a separate process on this machine. POSIX systems only, because
// an attempt ends with its whole process group.

import { randomBytes } from "node:crypto";
import {
  silentLogger,
  type Artifact,
  type Attempt,
  type AttemptOutcome,
  type AttemptQueries,
  type Clock,
  type Digest,
  type Executor,
  type ExecutorEvent,
  type Live,
  type Logger,
  type StoredError,
} from "@memodag/core";
import { ArtifactFiles } from "./artifact-files.ts";
import { AttemptCgroups } from "./attempt-cgroup.ts";
import { shutdownError } from "./attempt-end.ts";
import { AttemptRun, type AttemptSurroundings } from "./attempt-run.ts";
import { FaultNotices } from "./fault-notices.ts";
import { MAX_FRAME_BYTES } from "./frame.ts";
import { OrphanGuard } from "./orphan-guard.ts";

/** Settings of a {@link LocalExecutor}. */
export interface LocalExecutorOptions {
  /** Maximum number of concurrent attempts; at least 1. Read for each attempt, because it may change. */
  readonly parallelism: Live<number>;
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
  /** Answers queries of attempts. Default: nothing is found. */
  readonly queries?: AttemptQueries;
  readonly clock: Clock;
  /** Fetches an artifact from where the Dag processor stored it. */
  getArtifact(digest: Digest): Promise<Artifact>;
  /** Returns the folder of a bundle, in which workers run. */
  bundlePath(bundleName: string): string;
}

const DEFAULT_KILL_GRACE_MS = 2_000;
const DEFAULT_DISK_PATIENCE_MS = 300_000;
/** Leaves room in a frame for the message besides the value. */
const LARGEST_XCOM_BYTES = MAX_FRAME_BYTES - 2 ** 20;
const NOTHING_THERE: AttemptQueries = {
  findXCom: () => Promise.resolve(undefined),
  findVariable: () => Promise.resolve(undefined),
};
const DEFAULT_HEARTBEAT_TIMEOUT_MS = 60_000;

interface RunningAttempt {
  readonly run: AttemptRun;
  /** Resolves after its `finished` event has been delivered. */
  readonly done: Promise<void>;
}

/** Runs attempts in worker processes. */
export class LocalExecutor implements Executor {
  readonly #options: LocalExecutorOptions;
  readonly #surroundings: AttemptSurroundings;
  readonly #running = new Map<string, RunningAttempt>();
  #listener: (event: ExecutorEvent) => void = () => undefined;
  #isShutDown = false;
  /**
   * Part of the environment of all processes that attempts start. It ends with a dot, so that no mark is
   * a prefix of another.
   */
  readonly #mark = `${randomBytes(12).toString("hex")}.`;
  #attempts = 0;

  constructor(options: LocalExecutorOptions) {
    this.#options = options;
    this.#surroundings = {
      artifacts: new ArtifactFiles(options.artifactsDir, (digest) => options.getArtifact(digest)),
      guard: new OrphanGuard({ mark: this.#mark, folder: options.exchangeDir }),
      cgroups: options.cgroups ?? new AttemptCgroups(),
      diskPatienceMs: options.diskPatienceMs ?? DEFAULT_DISK_PATIENCE_MS,
      notices: new FaultNotices(options.log ?? silentLogger),
      logsDir: options.logsDir,
      exchangeDir: options.exchangeDir,
      ordinaryEnv: options.ordinaryEnv,
      nodeOptions: options.nodeOptions ?? [],
      maxXComBytes: Math.min(options.maxXComBytes ?? LARGEST_XCOM_BYTES, LARGEST_XCOM_BYTES),
      queries: options.queries ?? NOTHING_THERE,
      killGraceMs: options.killGraceMs ?? DEFAULT_KILL_GRACE_MS,
      heartbeatTimeoutMs: options.heartbeatTimeoutMs ?? DEFAULT_HEARTBEAT_TIMEOUT_MS,
      clock: options.clock,
      bundlePath: (bundleName) => options.bundlePath(bundleName),
    };
  }

  freeSlots(): number {
    return this.#isShutDown ? 0 : Math.max(0, this.#options.parallelism() - this.#running.size);
  }

  /** Without a free slot, or after a shutdown, the attempt ends with `attempt_lost` and no process. */
  submit(attempt: Attempt): void {
    if (!this.#isShutDown && this.#running.size >= this.#options.parallelism()) {
      // Delivered as a separate event, after this call: the parallelism may have been lowered since it
      // was read.
      setImmediate(() => this.#refuse(attempt));
      return;
    }
    const run = new AttemptRun(attempt, `${this.#mark}${(this.#attempts += 1)}`, this.#surroundings);
    if (this.#isShutDown) run.stop(shutdownError(attempt), 0);
    this.#running.set(attempt.attemptId, { run, done: this.#follow(run) });
  }

  cancel(attemptId: string, error: StoredError): void {
    this.#running.get(attemptId)?.run.stop(error, this.#surroundings.killGraceMs);
  }

  onEvent(listener: (event: ExecutorEvent) => void): void {
    this.#listener = listener;
  }

  async shutdown(graceMs: number): Promise<void> {
    this.#isShutDown = true;
    const running = [...this.#running.values()];
    const cancelKill = this.#surroundings.clock.after(graceMs, () => {
      for (const { run } of running) run.stop(shutdownError(run.attempt), 0);
    });
    await Promise.all(running.map(({ done }) => done));
    cancelKill();
    this.#surroundings.cgroups.removeEmpty();
    this.#surroundings.guard.close();
  }

  #refuse({ attemptId }: Attempt): void {
    const message = "no slot was free when the attempt was submitted: it waits for the next one";
    const error = { code: "attempt_lost", message };
    this.#listener({
      kind: "finished",
      attemptId,
      outcome: { kind: "failed", error, durationMs: 0, retryable: true },
    });
  }

  async #follow(run: AttemptRun): Promise<void> {
    const { attemptId, artifactDigest } = run.attempt;
    const { artifacts } = this.#surroundings;
    let isStarted = false;
    let outcome = await run.run((pid) => {
      isStarted = true;
      this.#listener({ kind: "started", attemptId, pid });
    });
    if (!isArtifactFault(outcome)) artifacts.held(artifactDigest);
    // The store's copy would not be better.
    else if (isStarted && artifacts.lost(artifactDigest)) outcome = asLost(outcome);
    this.#running.delete(attemptId);
    this.#listener({ kind: "finished", attemptId, outcome });
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
