// The least executor that keeps the contract: attempts that wait in memory.

import { randomUUID } from "node:crypto";
import {
  AttemptLedger,
  canonicalBytes,
  readAttemptInputs,
  RETURN_VALUE,
  sha256,
  type Attempt,
  type AttemptOutcome,
  type AttemptStatus,
  type Executor,
  type ExecutorListener,
  type StoredError,
} from "@memodag/core";
import type { AttemptPlan, OpenExecutor } from "../../src/testing/index.ts";

/** Values by digest. */
export type Values = Map<string, Uint8Array>;

export class MemoryExecutor implements Executor {
  readonly outlives = false;
  limit: number;
  readonly #values: Values;
  readonly #ledger = new AttemptLedger();
  readonly #released = new Map<string, PromiseWithResolvers<void>>();
  readonly #running = new Map<string, Promise<void>>();
  isClosed = false;

  constructor(limit: number, values: Values) {
    this.limit = limit;
    this.#values = values;
  }

  capacity(): number {
    return this.isClosed ? 0 : Math.max(0, this.limit - this.#ledger.running());
  }

  listen(listener: ExecutorListener): void {
    this.#ledger.listen(listener);
  }

  limitsChanged(): void {
    this.#ledger.tellCapacity();
  }

  async submit(attempt: Attempt): Promise<"accepted" | "full"> {
    if (this.#ledger.has(attempt.attemptId)) return "accepted";
    if (this.capacity() <= 0) return "full";
    this.#ledger.begin(attempt);
    this.#running.set(attempt.attemptId, this.#run(attempt));
    return "accepted";
  }

  async adopt(attemptIds: readonly string[]): Promise<AttemptStatus[]> {
    return this.#ledger.adopt(attemptIds);
  }

  async settle(attemptIds: readonly string[]): Promise<void> {
    this.#ledger.settle(attemptIds);
  }

  async cancel(attemptId: string, error: StoredError): Promise<void> {
    this.finish(attemptId, { kind: "failed", error, durationMs: 0, retryable: true });
  }

  async close(graceMs: number): Promise<void> {
    this.isClosed = true;
    if (graceMs > 0) await Promise.all(this.#running.values());
    for (const attemptId of this.#running.keys())
      await this.cancel(attemptId, { code: "attempt_lost", message: "closed" });
  }

  /** Lets an attempt return. */
  release(attemptId: string): void {
    this.#gate(attemptId).resolve();
  }

  protected finish(attemptId: string, outcome: AttemptOutcome): void {
    this.#ledger.finished(attemptId, outcome);
  }

  async #run(attempt: Attempt): Promise<void> {
    const { attemptId } = attempt;
    const results = await readAttemptInputs(attempt, { read: async () => this.#values });
    this.#ledger.started(attemptId, { pid: process.pid });
    if (attempt.args.some(([name]) => name === "waits")) await this.#gate(attemptId).promise;
    const input = results.get("up");
    const bytes = input?.kind === "single" ? input.bytes : canonicalBytes(null);
    const xcoms = [{ key: RETURN_VALUE, bytes }];
    this.finish(attemptId, { kind: "succeeded", xcoms, durationMs: 0, uncacheable: null, packages: [] });
    this.#running.delete(attemptId);
  }

  #gate(attemptId: string): PromiseWithResolvers<void> {
    const gate = this.#released.get(attemptId) ?? Promise.withResolvers<void>();
    this.#released.set(attemptId, gate);
    return gate;
  }
}

/** Opens one for the contract, as `change` makes it. */
export function openMemory(
  limit: number,
  change: (executor: MemoryExecutor) => Partial<Executor> = () => ({}),
): OpenExecutor {
  const values: Values = new Map();
  const right = new MemoryExecutor(limit, values);
  const changes = change(right);
  const executor = new Proxy(right, {
    get(target, name) {
      const member: unknown = Reflect.get(name in changes ? changes : target, name);
      return typeof member === "function" ? member.bind(name in changes ? changes : target) : member;
    },
  });
  return {
    executor,
    attempt: (plan) => attemptOf(plan, values),
    release: (attemptId) => right.release(attemptId),
    setLimit: (to) => {
      right.limit = to;
      right.limitsChanged();
    },
    close: async () => undefined,
  };
}

function attemptOf({ value, waits }: AttemptPlan, values: Values): Attempt {
  const bytes = canonicalBytes(value);
  const ref = { digest: sha256(bytes), sizeBytes: bytes.length, store: null };
  values.set(ref.digest, bytes);
  const attemptId = randomUUID();
  return {
    attemptId,
    queue: "default",
    team: "default",
    dagId: "d",
    runId: "r",
    taskId: "it",
    mapIndex: -1,
    tryNumber: 1,
    file: { bundle: "b", path: "d.ts" },
    artifactDigest: "0".repeat(64),
    args: [
      ["value", { kind: "result", taskId: "up", path: [] }],
      ...(waits ? [["waits", { kind: "literal", json: "true" }] as const] : []),
    ],
    results: [["up", { kind: "single", ref }]],
    context: {
      dag: { dagId: "d" },
      dagRun: { runId: "r", runType: "manual", logicalDate: null, conf: {} },
      task: { taskId: "it" },
      taskInstance: { mapIndex: -1, tryNumber: 1, maxTries: 1, attemptId },
      params: {},
      logicalDate: null,
      dataInterval: null,
    },
    declaredContext: null,
    declaredEnv: null,
    executionTimeoutMs: null,
  };
}
