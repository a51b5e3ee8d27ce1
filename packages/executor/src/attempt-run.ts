// Runs one attempt from its artifact to its outcome: starts the worker, watches the time, ends it.

import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import {
  formatDuration,
  MemodagError,
  messageOf,
  type Attempt,
  type AttemptOutcome,
  type AttemptQueries,
  type CancelTimer,
  type Clock,
  type StoredError,
} from "@memodag/core";
import { answerQuestion, unanswered } from "./answer-question.ts";
import type { ArtifactFiles } from "./artifact-files.ts";
import { decideOutcome, failure, heartbeatError, nameOf, timeoutError, workerError } from "./attempt-end.ts";
import { AttemptLog } from "./attempt-log.ts";
import type { Frame } from "./frame.ts";
import { logFilePath } from "./log-file-path.ts";
import type { OrphanGuard } from "./orphan-guard.ts";
import { fromWorkerFrame, type Question } from "./protocol.ts";
import { watchPulse } from "./pulse.ts";
import { isWatched, processEnvironment, workerEnvironment } from "./worker-environment.ts";
import { WorkerProcess } from "./worker-process.ts";

/** What every attempt of an executor shares. */
export interface AttemptSurroundings {
  readonly artifacts: ArtifactFiles;
  readonly guard: OrphanGuard;
  readonly logsDir: string;
  readonly ordinaryEnv: readonly string[];
  /** Bytes of JSON that a returned or pushed value may have. */
  readonly maxXComBytes: number;
  readonly queries: AttemptQueries;
  /** Milliseconds between asking a handler to stop and killing it. */
  readonly killGraceMs: number;
  /** Milliseconds for which a worker may be without a sign of life. */
  readonly heartbeatTimeoutMs: number;
  readonly clock: Clock;
  bundlePath(bundleName: string): string;
}

/** An attempt under way. */
export class AttemptRun {
  readonly attempt: Attempt;
  readonly #surroundings: AttemptSurroundings;
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #timers: CancelTimer[] = [];
  #worker: WorkerProcess | undefined;
  /** Made for a command, and removed however the attempt ends: a worker that is killed removes nothing. */
  #exchangeDir: string | null = null;
  #stoppedBy: StoredError | null = null;
  #reported: AttemptOutcome | null = null;

  constructor(attempt: Attempt, surroundings: AttemptSurroundings) {
    this.attempt = attempt;
    this.#surroundings = surroundings;
    this.#clock = surroundings.clock;
    this.#startedAt = this.#clock.monotonic();
  }

  /** Runs the attempt to its end. To be called once; never rejects. */
  async run(onStarted: (pid: number) => void): Promise<AttemptOutcome> {
    let log: AttemptLog;
    try {
      log = new AttemptLog(logFilePath(this.#surroundings.logsDir, this.attempt), this.#clock);
    } catch (error) {
      return this.#failure(error);
    }
    const outcome = await this.#runLogged(log, onStarted).catch((error: unknown) => this.#failure(error));
    logOutcome(log, this.attempt, outcome);
    log.close();
    return outcome;
  }

  /** Ends the attempt with `error`: asks the handler, and kills what is left after `graceMs`. */
  stop(error: StoredError, graceMs: number): void {
    const isFirst = this.#stoppedBy === null;
    // What a handler has already returned stays; only its process is still to be ended.
    if (!this.#reported) this.#stoppedBy ??= error;
    if (graceMs <= 0) {
      this.#worker?.kill();
    } else if (isFirst && !this.#reported) {
      this.#worker?.send({ kind: "abort", error });
      this.#after(graceMs, () => this.#worker?.kill());
    }
  }

  async #runLogged(log: AttemptLog, onStarted: (pid: number) => void): Promise<AttemptOutcome> {
    try {
      const artifactPath = await this.#surroundings.artifacts.path(this.attempt.artifactDigest);
      if (this.attempt.command) this.#exchangeDir = await mkdtemp(join(tmpdir(), "memodag-"));
      if (this.#stoppedBy) return failure(this.#stoppedBy, this.#elapsedMs());
      const worker = await this.#startWorker(log);
      this.#worker = worker;
      log.write(
        "info",
        `attempt ${this.attempt.tryNumber} of ${nameOf(this.attempt)} in run ${this.attempt.runId}: ` +
          `process ${worker.pid}, artifact ${this.attempt.artifactDigest.slice(0, 12)}`,
      );
      this.#handOver(worker, artifactPath);
      this.#watchPulse(worker.pid);
      onStarted(worker.pid);
      const end = await worker.ended;
      return decideOutcome(this.attempt, {
        stoppedBy: this.#stoppedBy,
        reported: this.#reported,
        process: end,
        elapsedMs: this.#elapsedMs(),
      });
    } finally {
      for (const cancel of this.#timers) cancel();
      if (this.#exchangeDir !== null) await rm(this.#exchangeDir, { recursive: true, force: true });
    }
  }

  #watchPulse(pid: number): void {
    const { clock, heartbeatTimeoutMs: timeoutMs } = this.#surroundings;
    // A stopped process hears no request: it is killed at once.
    const onLost = (): void => this.stop(heartbeatError(this.attempt, timeoutMs), 0);
    this.#timers.push(watchPulse({ pid, timeoutMs, clock, onLost }));
  }

  async #startWorker(log: AttemptLog): Promise<WorkerProcess> {
    const cwd = resolve(this.#surroundings.bundlePath(this.attempt.file.bundle));
    try {
      return await WorkerProcess.start({
        cwd,
        env: processEnvironment(process.env, this.attempt, this.#surroundings.ordinaryEnv),
        logFd: log.fd,
        clock: this.#clock,
        guard: this.#surroundings.guard,
        onFrame: (frame) => this.#onFrame(frame),
        onBroken: (reason) => this.#distrust(reason),
      });
    } catch (error) {
      // The system names the program when it means the folder.
      if (existsSync(cwd)) throw error;
      throw new MemodagError(
        "worker_failed",
        `No worker could run ${nameOf(this.attempt)}: the folder ${cwd} of bundle ` +
          `"${this.attempt.file.bundle}" is not there; make it or change the bundle's path in the config`,
        { cause: error, fields: { bundle: this.attempt.file.bundle, path: cwd } },
      );
    }
  }

  #handOver(worker: WorkerProcess, artifactPath: string): void {
    const { file, executionTimeoutMs } = this.attempt;
    const { ordinaryEnv, maxXComBytes } = this.#surroundings;
    const bundleDir = resolve(this.#surroundings.bundlePath(file.bundle));
    const baseDir = join(bundleDir, dirname(file.path));
    try {
      const exchangeDir = this.#exchangeDir;
      const { attempt } = this;
      worker.send({
        kind: "run",
        attempt,
        artifactPath,
        bundleDir,
        baseDir,
        ordinaryEnv,
        environment: isWatched(attempt) ? workerEnvironment(process.env) : {},
        exchangeDir,
        maxXComBytes,
      });
    } catch (error) {
      this.stop(workerError(this.attempt, `its arguments cannot be sent: ${messageOf(error)}`), 0);
      return;
    }
    if (executionTimeoutMs !== null) {
      this.#after(executionTimeoutMs, () =>
        this.stop(timeoutError(this.attempt, executionTimeoutMs), this.#surroundings.killGraceMs),
      );
    }
  }

  #onFrame(frame: Frame): void {
    if (this.#reported) return;
    const message = fromWorkerFrame(frame);
    if (!message) {
      this.#distrust("a message is none of the protocol");
      return;
    }
    if (message.kind === "question") {
      void this.#answer(message.id, message.question);
      return;
    }
    this.#reported = message.outcome;
    // The process ends itself now; exit hooks that hang are not waited for.
    this.#after(this.#surroundings.killGraceMs, () => this.#worker?.kill());
  }

  async #answer(id: number, question: Question): Promise<void> {
    const answer = await answerQuestion(this.#surroundings.queries, this.attempt, question);
    try {
      this.#worker?.send({ kind: "answer", id, answer });
    } catch (error) {
      this.#worker?.send({ kind: "answer", id, answer: unanswered(question, messageOf(error)) });
    }
  }

  #distrust(reason: string): void {
    this.stop(workerError(this.attempt, `its channel broke, ${reason}: leave descriptor 3 alone`), 0);
  }

  #failure(error: unknown): AttemptOutcome {
    const stored =
      error instanceof MemodagError
        ? { code: error.code, message: error.message }
        : workerError(this.attempt, messageOf(error));
    return failure(stored, this.#elapsedMs());
  }

  #elapsedMs(): number {
    return this.#clock.monotonic() - this.#startedAt;
  }

  /** A timer of any length that ends with the attempt; the clock's own ends early past 24 days. */
  #after(ms: number, callback: () => void): void {
    const due = this.#clock.monotonic() + ms;
    const arm = (): void => {
      const leftMs = due - this.#clock.monotonic();
      if (leftMs <= 0) callback();
      else this.#timers.push(this.#clock.after(leftMs, arm));
    };
    arm();
  }
}

function logOutcome(log: AttemptLog, { callback }: Attempt, outcome: AttemptOutcome): void {
  const duration = `${Math.round(outcome.durationMs)}ms`;
  if (outcome.kind === "failed") {
    const failed = `failed after ${duration}: ${outcome.error.code}: ${outcome.error.message}`;
    if (callback)
      log.write("warn", `the ${callback.event} callback ${failed} (the task stays ${callback.state})`);
    else log.write("error", failed);
    return;
  }
  if (callback) {
    log.write("info", `the ${callback.event} callback ended in ${duration}`);
    return;
  }
  if (outcome.kind === "skipped") {
    log.write("info", `skipped after ${duration}: ${outcome.reason}`);
    return;
  }
  if (outcome.kind === "rescheduled") {
    log.write("info", `not there after ${duration}: asks again in ${formatDuration(outcome.afterMs)}`);
    return;
  }
  const uncacheable = outcome.uncacheable === null ? "" : `, not cached: ${outcome.uncacheable}`;
  log.write("info", `succeeded in ${duration}${uncacheable}`);
}
