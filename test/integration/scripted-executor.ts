// An executor whose attempts end as a test says, in this process: for faults and orders that real
// workers cannot be made to have.

import { setTimeout as rest } from "node:timers/promises";
import {
  MemodagError,
  assembleArguments,
  AttemptLedger,
  canonicalJson,
  readAttemptInputs,
  type Attempt,
  type AttemptOutcome,
  type AttemptStatus,
  type Executor,
  type ExecutorListener,
  type StoredError,
  type PackageVersion,
  type Reason,
  type ValueReader,
} from "@memodag/core";

const encoder = new TextEncoder();

/** What an attempt comes to: a value it returns, or an outcome. */
export type Script = (attempt: Attempt, args: Readonly<Record<string, unknown>>) => unknown;

export class ScriptedExecutor implements Executor {
  /** Whether its attempts go on when their scheduler is gone. */
  outlives = false;
  /** Queues without a worker. */
  readonly closedQueues = new Set<string>();
  readonly attempts: Attempt[] = [];
  /** Ids of the attempts that were ended, by cancelling or by a shutdown. */
  readonly ended: string[] = [];
  /** Whether a shutdown ends what runs, as a real one does. */
  endsAtShutdown = false;
  readonly #ends = new Map<string, (outcome: AttemptOutcome) => void>();
  readonly #scripts: Readonly<Record<string, Script>>;
  readonly #values: ValueReader;
  readonly #slots: number;
  readonly #ledger = new AttemptLedger();

  constructor(scripts: Readonly<Record<string, Script>>, values: ValueReader, slots = 4) {
    this.#scripts = scripts;
    this.#values = values;
    this.#slots = slots;
  }

  /** Task ids in order of submission; mapped ones with their index. */
  get submitted(): string[] {
    return this.attempts.map((attempt) => {
      const name = nameOf(attempt);
      return attempt.mapIndex < 0 ? name : `${name}[${attempt.mapIndex}]`;
    });
  }

  /** How many attempts run. */
  get running(): number {
    return this.#ledger.running();
  }

  capacity(queue: string): number {
    return this.closedQueues.has(queue) ? 0 : this.#slots - this.running;
  }

  /** A worker takes attempts of a queue. */
  openQueue(queue: string): void {
    this.closedQueues.delete(queue);
    this.#ledger.tellCapacity();
  }

  listen(listener: ExecutorListener): void {
    this.#ledger.listen(listener);
  }

  async submit(attempt: Attempt): Promise<"accepted" | "full"> {
    if (this.#ledger.has(attempt.attemptId)) return "accepted";
    if (this.capacity(attempt.queue) <= 0) throw new Error("submitted without a free slot");
    this.#ledger.begin(attempt);
    this.attempts.push(attempt);
    const { attemptId } = attempt;
    const end = Promise.withResolvers<AttemptOutcome>();
    this.#ends.set(attemptId, end.resolve);
    setImmediate(() => {
      this.#ledger.started(attemptId, { pid: 1 });
      void this.#run(attempt).then(end.resolve);
      void end.promise.then((outcome) => {
        this.#ends.delete(attemptId);
        this.#ledger.finished(attemptId, outcome);
      });
    });
    return "accepted";
  }

  async adopt(attemptIds: readonly string[]): Promise<AttemptStatus[]> {
    return this.#ledger.adopt(attemptIds);
  }

  async settle(attemptIds: readonly string[]): Promise<void> {
    this.#ledger.settle(attemptIds);
  }

  async cancel(attemptId: string, error: StoredError): Promise<void> {
    const end = this.#ends.get(attemptId);
    if (!end) return;
    this.ended.push(attemptId);
    end({ kind: "failed", error, durationMs: 1, retryable: true });
  }

  async close(): Promise<void> {
    if (!this.endsAtShutdown) return;
    for (const attemptId of this.#ends.keys())
      await this.cancel(attemptId, { code: "attempt_lost", message: "the executor shut down" });
    while (this.running > 0) await rest(2);
  }

  async #run(attempt: Attempt): Promise<AttemptOutcome> {
    const script = this.#scripts[nameOf(attempt)] ?? (() => null);
    let args: Record<string, unknown>;
    try {
      args = await this.#argsOf(attempt);
    } catch (error) {
      // As the local executor: a store that is away says nothing about the task.
      const isGone = error instanceof MemodagError && error.code === "xcom_not_found";
      return failed((error as Error).message, { code: isGone ? "xcom_not_found" : "attempt_lost" });
    }
    try {
      const result = await script(attempt, args);
      if (isOutcome(result)) return result;
      return succeeded(result);
    } catch (error) {
      return failed((error as Error).message);
    }
  }

  /** The arguments as a worker puts them together. */
  async #argsOf(attempt: Attempt): Promise<Record<string, unknown>> {
    const { args } = attempt;
    return assembleArguments({ args, results: await readAttemptInputs(attempt, this.#values) });
  }
}

/** A success that returned `value`. */
export function succeeded(
  value: unknown,
  own: { uncacheable?: Reason; packages?: readonly PackageVersion[] } = {},
): AttemptOutcome {
  const bytes = encoder.encode(canonicalJson(value));
  return {
    kind: "succeeded",
    xcoms: [{ key: "return_value", bytes }],
    durationMs: 1,
    uncacheable: own.uncacheable ?? null,
    packages: own.packages ?? [],
  };
}

/** A failure of the task's own; `own` makes it another, or one that nobody vouches for. */
export function failed(
  message: string,
  own: { code?: string; uncacheable?: Reason; packages?: readonly PackageVersion[] } = {},
): AttemptOutcome {
  return {
    kind: "failed",
    error: { code: own.code ?? "task_failed", message },
    durationMs: 1,
    retryable: true,
    uncacheable: own.uncacheable ?? null,
    packages: own.packages ?? [],
  };
}

/** The script that an attempt runs: its task's, or `task.event` for a callback. */
function nameOf({ taskId, callback }: Attempt): string {
  return callback ? `${taskId}.${callback.event}` : taskId;
}

function isOutcome(value: unknown): value is AttemptOutcome {
  return typeof value === "object" && value !== null && "durationMs" in value;
}
