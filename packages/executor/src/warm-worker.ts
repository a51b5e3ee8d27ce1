// One worker process that was started ahead of its attempt, until it has begun that attempt.

import { MemodagError, type Clock } from "@memodag/core";
import { fromWorkerFrame, type RunOrder } from "./protocol.ts";
import { isStopped } from "./pulse.ts";
import {
  WorkerProcess,
  type ProcessEnd,
  type WorkerListener,
  type WorkerProcessOptions,
} from "./worker-process.ts";

/** Milliseconds for which a process may take to become ready, or to begin. A busy machine may need many. */
const PATIENCE_MS = 10_000;
/** Milliseconds between checks whether a process is stopped that does not begin. */
const LOOK_MS = 200;

/** A process. */
export class WarmWorker {
  readonly startedAt: number;
  /** Resolves when it has ended, or could not be started. */
  readonly ended: Promise<void>;
  readonly #clock: Clock;
  readonly #hasEnded = Promise.withResolvers<void>();
  readonly #isReady = Promise.withResolvers<boolean>();
  #process: WorkerProcess | undefined;
  #isKilled = false;
  #isGone = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.startedAt = clock.monotonic();
    this.ended = this.#hasEnded.promise;
  }

  /** @throws the system's error if the process cannot be created */
  async start(options: Omit<WorkerProcessOptions, "listener" | "isBegun">): Promise<void> {
    const { listener, heard } = waitFor("ready");
    const late = this.#clock.after(PATIENCE_MS, () => this.kill());
    try {
      this.#process = await WorkerProcess.start({ ...options, listener, isBegun: false });
    } catch (error) {
      late();
      this.#isReady.resolve(false);
      this.#hasEnded.resolve();
      throw error;
    }
    if (this.#isKilled) this.#process.kill();
    else this.#process.send({ kind: "prepare" });
    void this.#process.ended.then(() => {
      late();
      this.#isGone = true;
      this.#isReady.resolve(false);
      this.#hasEnded.resolve();
    });
    void heard.then((isReady) => {
      late();
      this.#isReady.resolve(isReady);
    });
  }

  /** Resolves to false if it cannot be used: it has ended, is stopped, or did not become ready in time. */
  async isReady(): Promise<boolean> {
    if (!(await this.#isReady.promise) || this.#isKilled || this.#isGone || !this.#process) return false;
    return process.platform !== "linux" || !isStopped(this.#process.pid);
  }

  /** The process. @throws Error if it was not started */
  get process(): WorkerProcess {
    if (!this.#process) throw new Error("a process that was not started was given an attempt");
    return this.#process;
  }

  /**
   * Hands the attempt over, and resolves to true when it has begun: `listener` hears the rest. Resolves to false if
   * the process ended before, so that nothing of the attempt has run.
   * @throws RangeError if the order is too long, MemodagError `attempt_lost` if it began when it was given up
   */
  async begin(order: RunOrder, listener: WorkerListener): Promise<boolean> {
    const worker = this.process;
    const { listener: waiting, heard } = waitFor("begun", () => worker.begin(listener));
    worker.begin(waiting);
    worker.send(order);
    let waitedMs = 0;
    let cancel = (): void => undefined;
    const look = (): void => {
      waitedMs += LOOK_MS;
      if (waitedMs >= PATIENCE_MS || isStopped(worker.pid)) this.kill();
      else cancel = this.#clock.after(LOOK_MS, look);
    };
    cancel = this.#clock.after(LOOK_MS, look);
    const hasBegun = await Promise.race([heard, worker.ended.then(() => false)]);
    cancel();
    if (!hasBegun) {
      // It may have said something else.
      worker.kill();
      await worker.ended;
    } else if (this.#isKilled) {
      await worker.ended;
      throw new MemodagError(
        "attempt_lost",
        "A process that was started ahead was stopped: the attempt is repeated",
      );
    }
    return hasBegun;
  }

  /** Resolves to how its process ended, when it has. */
  async whenExited(): Promise<ProcessEnd> {
    return (await this.#process?.ended) ?? { code: null, signal: null };
  }

  /** Kills its process, if there is one, for the attempt that has it. */
  end(): void {
    this.#process?.kill();
  }

  /** Kills it, and gives it to no attempt any more. */
  kill(): void {
    this.#isKilled = true;
    this.#isReady.resolve(false);
    this.#process?.kill();
  }
}

/** Waits for one message. Another one, or none, means that the process cannot be used. */
function waitFor(
  kind: "ready" | "begun",
  onHeard: () => void = () => undefined,
): { listener: WorkerListener; heard: Promise<boolean> } {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const listener: WorkerListener = {
    onFrame(frame) {
      const isHeard = fromWorkerFrame(frame)?.kind === kind;
      if (isHeard) onHeard();
      resolve(isHeard);
    },
    onBroken: () => resolve(false),
    onClose: () => resolve(false),
  };
  return { listener, heard: promise };
}
