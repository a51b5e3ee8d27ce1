// An executor whose attempts end as a test says, in this process: for faults and orders that real
// workers cannot be made to have.

import { setTimeout as rest } from "node:timers/promises";
import {
  canonicalJson,
  type Attempt,
  type AttemptOutcome,
  type Executor,
  type ExecutorEvent,
  type StoredError,
  type PackageVersion,
  type Reason,
} from "@memodag/core";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What an attempt comes to: a value it returns, or an outcome. */
export type Script = (attempt: Attempt, args: Readonly<Record<string, unknown>>) => unknown;

export class ScriptedExecutor implements Executor {
  readonly attempts: Attempt[] = [];
  /** Ids of the attempts that were ended, by cancelling or by a shutdown. */
  readonly ended: string[] = [];
  /** Whether a shutdown ends what runs, as a real one does. */
  endsAtShutdown = false;
  readonly #ends = new Map<string, (outcome: AttemptOutcome) => void>();
  readonly #scripts: Readonly<Record<string, Script>>;
  readonly #slots: number;
  #running = 0;
  #listener: (event: ExecutorEvent) => void = () => undefined;

  constructor(scripts: Readonly<Record<string, Script>>, slots = 4) {
    this.#scripts = scripts;
    this.#slots = slots;
  }

  /** Task ids in order of submission; mapped ones with their index. */
  get submitted(): string[] {
    return this.attempts.map((attempt) => {
      const name = nameOf(attempt);
      return attempt.mapIndex < 0 ? name : `${name}[${attempt.mapIndex}]`;
    });
  }

  freeSlots(): number {
    return this.#slots - this.#running;
  }

  onEvent(listener: (event: ExecutorEvent) => void): void {
    this.#listener = listener;
  }

  submit(attempt: Attempt): void {
    if (this.freeSlots() <= 0) throw new Error("submitted without a free slot");
    this.#running += 1;
    this.attempts.push(attempt);
    const { attemptId } = attempt;
    const end = Promise.withResolvers<AttemptOutcome>();
    this.#ends.set(attemptId, end.resolve);
    setImmediate(() => {
      this.#listener({ kind: "started", attemptId, pid: 1 });
      void this.#run(attempt).then(end.resolve);
      void end.promise.then((outcome) => {
        this.#running -= 1;
        this.#ends.delete(attemptId);
        this.#listener({ kind: "finished", attemptId, outcome });
      });
    });
  }

  cancel(attemptId: string, error: StoredError): void {
    const end = this.#ends.get(attemptId);
    if (!end) return;
    this.ended.push(attemptId);
    end({ kind: "failed", error, durationMs: 1, retryable: true });
  }

  async shutdown(): Promise<void> {
    if (!this.endsAtShutdown) return;
    for (const attemptId of this.#ends.keys())
      this.cancel(attemptId, { code: "attempt_lost", message: "the executor shut down" });
    while (this.#running > 0) await rest(2);
  }

  async #run(attempt: Attempt): Promise<AttemptOutcome> {
    const script = this.#scripts[nameOf(attempt)] ?? (() => null);
    try {
      const result = await script(attempt, argsOf(attempt));
      if (isOutcome(result)) return result;
      return succeeded(result);
    } catch (error) {
      return failed((error as Error).message);
    }
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

/** The arguments as a worker would put them together, for templates that are whole values. */
function argsOf(attempt: Attempt): Record<string, unknown> {
  return Object.fromEntries(
    attempt.args.map(([name, template]) => {
      if (template.kind === "literal") return [name, JSON.parse(template.json) as unknown];
      if (template.kind !== "result") throw new Error(`no test script takes a ${template.kind}`);
      const result = attempt.results.get(template.taskId);
      if (!result) return [name, null];
      const parse = (bytes: Uint8Array | null): unknown =>
        bytes === null ? null : (JSON.parse(decoder.decode(bytes)) as unknown);
      return [name, result.kind === "single" ? parse(result.bytes) : result.items.map(parse)];
    }),
  );
}
