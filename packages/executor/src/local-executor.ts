// The executor that runs every attempt in a process of its own on this machine. POSIX systems only: an
// attempt ends with its whole process group.

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
  /** How many attempts may run at once; at least 1. Asked for at each attempt: it may change. */
  readonly parallelism: Live<number>;
  /** Folder in which artifacts are kept as files; made when it is needed. */
  readonly artifactsDir: string;
  /** Folder of the attempts' logs; see {@link logFilePath}. */
  readonly logsDir: string;
  /** Folder for arguments and results of commands; this executor's alone: made when needed, removed at its end. */
  readonly exchangeDir: string;
  /** Hears of disks that cannot be written to; nothing is said unless it is given. */
  readonly log?: Logger;
  /** Puts attempts into cgroups where they can be had, which is so unless said otherwise. */
  readonly cgroups?: AttemptCgroups;
  /** Milliseconds between asking a handler to stop and killing it; 2,000 unless said otherwise. */
  readonly killGraceMs?: number;
  /** Milliseconds for which an attempt waits for a disk before it starts; 300,000 unless said otherwise. */
  readonly diskPatienceMs?: number;
  /** Milliseconds for which a worker may be without a sign of life; 60,000 unless said otherwise. */
  readonly heartbeatTimeoutMs?: number;
  /** Environment variables that libraries may read in a cached task; `NODE_*` stands for all that begin so. */
  readonly ordinaryEnv: readonly string[];
  /** Options of Node for workers; none unless said otherwise. */
  readonly nodeOptions?: readonly string[];
  /** Bytes of JSON that a returned or pushed value may have; as many as can be sent unless said otherwise. */
  readonly maxXComBytes?: number;
  /** What attempts may ask for; nothing is there unless said otherwise. */
  readonly queries?: AttemptQueries;
  readonly clock: Clock;
  /** Fetches an artifact from where the Dag processor stored it. */
  getArtifact(digest: Digest): Promise<Artifact>;
  /** The folder of a bundle; workers run in it. */
  bundlePath(bundleName: string): string;
}

const DEFAULT_KILL_GRACE_MS = 2_000;
const DEFAULT_DISK_PATIENCE_MS = 300_000;
/** A frame has some room for the message beside the value. */
const LARGEST_XCOM_BYTES = MAX_FRAME_BYTES - 2 ** 20;
const NOTHING_THERE: AttemptQueries = {
  findXCom: () => Promise.resolve(undefined),
  findVariable: () => Promise.resolve(undefined),
};
const DEFAULT_HEARTBEAT_TIMEOUT_MS = 60_000;

interface RunningAttempt {
  readonly run: AttemptRun;
  /** Resolves when its `finished` event was heard. */
  readonly done: Promise<void>;
}

/** Runs attempts in worker processes. */
export class LocalExecutor implements Executor {
  readonly #options: LocalExecutorOptions;
  readonly #surroundings: AttemptSurroundings;
  readonly #running = new Map<string, RunningAttempt>();
  #listener: (event: ExecutorEvent) => void = () => undefined;
  #isShutDown = false;
  /** In the environment of all that attempts start. The dot ends it, so that none begins with another. */
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

  /** Without a free slot, and after a shutdown, the attempt ends with `attempt_lost` and no process. */
  submit(attempt: Attempt): void {
    if (!this.#isShutDown && this.#running.size >= this.#options.parallelism()) {
      // As an event of its own, after this call: the parallelism may have been lowered since it was asked for.
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
    // Of the store's own copy nothing better would come.
    else if (isStarted && artifacts.lost(artifactDigest)) outcome = asLost(outcome);
    this.#running.delete(attemptId);
    this.#listener({ kind: "finished", attemptId, outcome });
  }
}

type Failed = Extract<AttemptOutcome, { kind: "failed" }>;

/** No try is spent on a file that went away or changed after it was written: the next attempt finds it anew. */
function asLost(outcome: Failed): Failed {
  return { ...outcome, error: { code: "attempt_lost", message: outcome.error.message } };
}

function isArtifactFault(outcome: AttemptOutcome): outcome is Failed {
  return (
    outcome.kind === "failed" &&
    (outcome.error.code === "artifact_not_found" || outcome.error.code === "artifact_damaged")
  );
}
