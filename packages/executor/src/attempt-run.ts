// Runs one attempt from artifact to outcome: starts the worker, enforces time limits, terminates it.

import {
  storedError,
  MemodagError,
  messageOf,
  readAttemptInputs,
  type Attempt,
  type AttemptOutcome,
  type AttemptResult,
  type CancelTimer,
  type Clock,
  type StoredError,
} from "@memodag/core";
import {
  decideOutcome,
  failure,
  heartbeatError,
  nameOf,
  shutdownError,
  timeoutError,
  workerError,
} from "./attempt-end.ts";
import { AttemptLog, logOutcome } from "./attempt-log.ts";
import type { AttemptSurroundings } from "./attempt-surroundings.ts";
import { areCanonicalJson } from "./canonical-check.ts";
import { DiskPatience } from "./disk-patience.ts";
import { ExchangeFolder } from "./exchange-folder.ts";
import type { Frame } from "./frame.ts";
import { logFilePath } from "./log-file-path.ts";
import { fromWorkerFrame } from "./protocol.ts";
import { watchPulse } from "./pulse.ts";
import { QuestionDesk } from "./question-desk.ts";
import { startAttempt } from "./start-attempt.ts";
import type { AttemptProcess } from "./worker-process.ts";

/** A running attempt. */
export class AttemptRun {
  readonly attempt: Attempt;
  readonly #surroundings: AttemptSurroundings;
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #spawnedAt: number;
  readonly #timers: CancelTimer[] = [];
  #worker: AttemptProcess | undefined;
  /** Of a command. Removed whatever the outcome: a killed worker removes nothing. */
  #exchange: ExchangeFolder | null = null;
  #stoppedBy: StoredError | null = null;
  /** Resolves to `null` if it is not a valid outcome. */
  #reported: Promise<AttemptOutcome | null> | null = null;
  readonly #mark: string;
  readonly #patience: DiskPatience;
  readonly #desk: QuestionDesk;

  /** `mark` is unique to this attempt on this machine. */
  constructor(attempt: Attempt, mark: string, surroundings: AttemptSurroundings) {
    this.attempt = attempt;
    this.#mark = mark;
    this.#patience = new DiskPatience(surroundings);
    this.#desk = new QuestionDesk({
      attempt,
      answer: surroundings.answer,
      send: (message) => new Promise((sent) => this.#worker?.send(message, sent)),
      listen: (isListening) => this.#worker?.listen(isListening),
    });
    this.#surroundings = surroundings;
    this.#clock = surroundings.clock;
    this.#startedAt = this.#clock.monotonic();
    this.#spawnedAt = this.#clock.now();
  }

  /** Runs the attempt to its end. Call it once; never rejects. */
  async run(onStarted: (pid: number) => void): Promise<AttemptOutcome> {
    const { logsDir, notices } = this.#surroundings;
    const log = await AttemptLog.open(logFilePath(logsDir, this.attempt), this.#clock, notices);
    const outcome = await this.#runLogged(log, onStarted).catch((error: unknown) => this.#failure(error));
    logOutcome(log, this.attempt, outcome);
    log.close();
    const vouchesForCode = outcome.kind === "succeeded" || outcome.kind === "failed";
    return vouchesForCode && outcome.packages ? { ...outcome, spawnedAt: this.#spawnedAt } : outcome;
  }

  /**
   * Terminates the attempt with `error`: asks the handler to stop, and kills what is left after
   * `graceMs`.
   */
  stop(error: StoredError, graceMs: number): void {
    const isFirst = this.#stoppedBy === null;
    this.#patience.stop();
    // A result that the handler has already returned is kept; only its process has to end.
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
      const { artifacts } = this.#surroundings;
      const artifactPath = await this.#patience.run(() => artifacts.path(this.attempt.artifactDigest));
      const results = await this.#readInputs();
      if (this.attempt.command) {
        const { exchangeDir } = this.#surroundings;
        this.#exchange = await this.#patience.run(() => ExchangeFolder.make(exchangeDir));
      }
      if (this.#stoppedBy) return failure(this.#stoppedBy, this.#elapsedMs());
      const worker = await startAttempt(this.#surroundings, {
        attempt: this.attempt,
        mark: this.#mark,
        artifactPath,
        results,
        exchangeDir: this.#exchange?.path ?? null,
        log,
        listener: {
          onFrame: (frame) => this.#onFrame(frame),
          onBroken: (reason) => this.#distrust(reason),
          onClose: () => this.#onClose(),
        },
        onProcess: (given) => {
          this.#worker = given;
          return this.#stoppedBy === null;
        },
      });
      if (!worker) return failure(this.#stoppedBy ?? shutdownError(this.attempt), this.#elapsedMs());
      this.#armTimeout();
      this.#watchPulse(worker.pid);
      onStarted(worker.pid);
      const end = await worker.ended;
      const reported = await this.#reported;
      return decideOutcome(this.attempt, {
        stoppedBy: this.#stoppedBy,
        reported,
        process: end,
        isOutOfMemory: end.signal === "SIGABRT" && log.tellsOfFullHeap(),
        elapsedMs: this.#elapsedMs(),
      });
    } finally {
      for (const cancel of this.#timers) cancel();
      this.#surroundings.queries.attemptEnded?.(this.attempt);
      await this.#exchange?.remove();
    }
  }

  /** A store that is away says nothing about the task: no try of it is spent. */
  async #readInputs(): Promise<Map<string, AttemptResult>> {
    try {
      const read = () => readAttemptInputs(this.attempt, this.#surroundings.values);
      return await this.#patience.run(read, (error) => !isNotFound(error));
    } catch (error) {
      if (isNotFound(error)) throw error;
      // It was ended while it waited, and starts nothing.
      if (this.#stoppedBy) return new Map();
      throw new MemodagError(
        "attempt_lost",
        `The arguments of ${nameOf(this.attempt)} could not be read (${messageOf(error)}): the attempt is made again`,
        { cause: error },
      );
    }
  }

  #watchPulse(pid: number): void {
    const { clock, heartbeatTimeoutMs: timeoutMs } = this.#surroundings;
    // A stopped process receives no requests, so it is killed at once.
    const onLost = (): void => this.stop(heartbeatError(this.attempt, timeoutMs), 0);
    this.#timers.push(watchPulse({ pid, timeoutMs, clock, onLost }));
  }

  #armTimeout(): void {
    const { executionTimeoutMs } = this.attempt;
    if (executionTimeoutMs === null) return;
    const { killGraceMs } = this.#surroundings;
    this.#after(executionTimeoutMs, () => {
      this.#after(killGraceMs, () => this.#worker?.kill());
      // If this process is late, the outcome may be there, and was not read yet.
      void this.#worker?.drain().then(() => {
        this.stop(timeoutError(this.attempt, executionTimeoutMs), killGraceMs);
      });
    });
  }

  #onFrame(frame: Frame): void {
    if (this.#reported) return;
    const message = fromWorkerFrame(frame);
    if (message?.kind === "question") {
      this.#desk.take(message.id, message.question);
      return;
    }
    if (message?.kind !== "outcome") {
      this.#distrust("it sent a message outside of the protocol");
      return;
    }
    this.#reported = this.#check(message);
    this.#worker?.hangUp();
    // The process exits by itself now; exit hooks that hang are not awaited.
    this.#after(this.#surroundings.killGraceMs, () => this.#worker?.kill());
  }

  /** Returns the outcome if its values are valid canonical JSON. */
  async #check({ outcome }: { readonly outcome: AttemptOutcome }): Promise<AttemptOutcome | null> {
    if (outcome.kind !== "succeeded") return outcome;
    if (await areCanonicalJson(outcome.xcoms.map(({ bytes }) => bytes))) return outcome;
    this.#stoppedBy ??= distrusted(this.attempt, "a value is not canonical JSON");
    return null;
  }

  /** A worker closes the channel by ending. One that continues can neither be stopped nor report. */
  #onClose(): void {
    if (this.#reported) return;
    this.#after(this.#surroundings.killGraceMs, () => this.#distrust("it was closed"));
  }

  #distrust(reason: string): void {
    this.stop(distrusted(this.attempt, reason), 0);
  }

  #failure(error: unknown): AttemptOutcome {
    // Whatever it was doing when it was stopped; an error with a code of its own says more.
    if (this.#stoppedBy && !(error instanceof MemodagError))
      return failure(this.#stoppedBy, this.#elapsedMs());
    const stored =
      error instanceof MemodagError ? storedError(error) : workerError(this.attempt, messageOf(error));
    const failed = failure(stored, this.#elapsedMs());
    // A value that is gone does not come back by trying again.
    return isNotFound(error) ? { ...failed, retryable: false } : failed;
  }

  #elapsedMs(): number {
    return this.#clock.monotonic() - this.#startedAt;
  }

  /** A timer of any length that ends with the attempt; a timer of Node is limited to 24 days. */
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

/** An upstream's value is gone, for good. */
function isNotFound(error: unknown): boolean {
  return error instanceof MemodagError && error.code === "xcom_not_found";
}

function distrusted(attempt: Attempt, reason: string): StoredError {
  return workerError(
    attempt,
    `lost the control channel (descriptor 3), ${reason}: task code must not use descriptor 3`,
  );
}
