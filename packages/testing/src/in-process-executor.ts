// Runs attempts in the test's own process, on the test's clock.

import {
  instanceKey,
  assembleArguments,
  AttemptLedger,
  canonicalBytes,
  MemodagError,
  messageOf,
  readAttemptInputs,
  RETURN_VALUE,
  silentLogger,
  type Attempt,
  type AttemptOutcome,
  type AttemptQueries,
  type AttemptStatus,
  type CallbackReport,
  type Executor,
  type ExecutorListener,
  type JsonValue,
  type Live,
  type Reason,
  type StoredError,
  type ValueReader,
  systemClock,
  type Clock,
} from "@memodag/core";
import { MemoryValueAdapter, ValueCache } from "@memodag/value-cache";
import type { Dag } from "@memodag/sdk";
import {
  findTaskEnd,
  runCallback,
  runHandler,
  runHitl,
  runSensor,
  type AttemptScope,
} from "@memodag/sdk/runtime";
import type { ManualClock } from "@memodag/core/testing";
import type { CalledCallback } from "./tested-run.ts";

/** Large enough that a test never waits for a slot. */
const SLOTS = 100_000;

/** The parts of an {@link InProcessExecutor}. */
export interface InProcessParts {
  readonly clock: ManualClock;
  readonly queries: AttemptQueries;
  /** Where the results of upstream tasks are. */
  readonly values: ValueReader;
  /** How many attempts may run at once; as many as are wanted unless it is given. */
  readonly slots?: Live<number>;
}

interface RunningAttempt {
  readonly abort: AbortController;
  readonly end: (outcome: AttemptOutcome) => void;
  /** Resolves when the end was reported. */
  readonly done: Promise<void>;
  /** For a waiting sensor: the time of its next poke. */
  asleepUntil: number | null;
}

/** Runs the handlers of one Dag. */
export class InProcessExecutor implements Executor {
  readonly outlives = false;
  /** Callbacks in the order in which they ended. */
  readonly called: CalledCallback[] = [];
  readonly #dag: Dag;
  readonly #clock: ManualClock;
  readonly #parts: InProcessParts;
  readonly #ledger = new AttemptLedger();
  readonly #running = new Map<string, RunningAttempt>();
  /** The error that the latest attempt of each instance threw. */
  readonly #thrown = new Map<string, unknown>();
  readonly #valueCaches = new Map<string, ValueCache>();
  #onSleep: () => void = () => undefined;
  #isClosed = false;

  constructor(dag: Dag, parts: InProcessParts) {
    this.#dag = dag;
    this.#parts = parts;
    this.#clock = parts.clock;
  }

  capacity(): number {
    const slots = this.#parts.slots?.() ?? SLOTS;
    return this.#isClosed ? 0 : Math.max(0, slots - this.#ledger.running());
  }

  listen(listener: ExecutorListener): void {
    this.#ledger.listen(listener);
  }

  /** Call when there are more slots, or fewer. */
  limitsChanged(): void {
    this.#ledger.tellCapacity();
  }

  /** Sets the listener that is called when an attempt waits for a time. */
  onSleep(listener: () => void): void {
    this.#onSleep = listener;
  }

  /** Returns when a running attempt continues by itself, or `null` if it is working. */
  asleepUntil(attemptId: string): number | null {
    return this.#running.get(attemptId)?.asleepUntil ?? null;
  }

  /** Returns the error that the latest attempt of an instance threw. */
  thrownBy(taskId: string, mapIndex: number): unknown {
    return this.#thrown.get(instanceKey({ taskId, mapIndex }));
  }

  async submit(attempt: Attempt): Promise<"accepted" | "full"> {
    const { attemptId, executionTimeoutMs } = attempt;
    if (this.#ledger.has(attemptId)) return "accepted";
    if (this.capacity() <= 0) return "full";
    this.#ledger.begin(attempt);
    const end = Promise.withResolvers<AttemptOutcome>();
    const done = end.promise.then((outcome) => {
      cancelTimeout();
      this.#running.delete(attemptId);
      this.#ledger.finished(attemptId, outcome);
    });
    const running: RunningAttempt = {
      abort: new AbortController(),
      end: end.resolve,
      done,
      asleepUntil: null,
    };
    this.#running.set(attemptId, running);
    this.#thrown.delete(instanceKey(attempt));
    setImmediate(() => {
      this.#ledger.started(attemptId, { pid: process.pid });
      void this.#run(attempt, running).then(end.resolve);
    });
    const cancelTimeout =
      executionTimeoutMs === null
        ? () => undefined
        : this.#clock.after(executionTimeoutMs, () => this.#end(attemptId, timedOut(executionTimeoutMs)));
    return "accepted";
  }

  async adopt(attemptIds: readonly string[]): Promise<AttemptStatus[]> {
    return this.#ledger.adopt(attemptIds);
  }

  async settle(attemptIds: readonly string[]): Promise<void> {
    this.#ledger.settle(attemptIds);
  }

  async cancel(attemptId: string, error: StoredError): Promise<void> {
    this.#end(attemptId, error);
  }

  async close(graceMs: number): Promise<void> {
    this.#isClosed = true;
    const done = Promise.all(Array.from(this.#running.values(), (running) => running.done));
    if (graceMs > 0 && this.#running.size > 0) {
      const late = Promise.withResolvers<void>();
      const cancel = this.#clock.after(graceMs, late.resolve);
      await Promise.race([done, late.promise]);
      cancel();
    }
    for (const attemptId of this.#running.keys())
      this.#end(attemptId, { code: "attempt_lost", message: "the test has ended" });
    await done;
  }

  #end(attemptId: string, error: StoredError): void {
    const running = this.#running.get(attemptId);
    running?.abort.abort(new Error(error.message));
    running?.end({ kind: "failed", error, durationMs: 0, retryable: true });
  }

  async #run(attempt: Attempt, running: RunningAttempt): Promise<AttemptOutcome> {
    const { callback, sensor, hitl, taskId } = attempt;
    let listReads: () => readonly string[] = () => [];
    const scope = this.#scopeOf(attempt, running.abort.signal, (list) => (listReads = list));
    try {
      if (callback) {
        const results = await readAttemptInputs(attempt, this.#parts.values);
        const { returned = null } = assembleArguments({ args: attempt.args, results });
        await this.#call(attempt, callback, scope, returned);
        return succeeded([{ key: RETURN_VALUE, bytes: canonicalBytes(null) }], []);
      }
      const results = await readAttemptInputs(attempt, this.#parts.values);
      const args = assembleArguments({ args: attempt.args, results });
      const outcome =
        hitl && sensor
          ? await runHitl(this.#dag, taskId, args, scope, sensor)
          : sensor
            ? await runSensor(this.#dag, taskId, args, scope, { sensor, time: this.#timeOf(running) })
            : await runHandler(this.#dag, taskId, args, scope);
      if (outcome.kind === "rescheduled") return { ...outcome, durationMs: 0 };
      const { expiresAt } = outcome;
      const expiry = expiresAt === undefined ? {} : { expiresAt };
      return { ...succeeded(outcome.xcoms, outcome.undeclaredReads), ...expiry };
    } catch (error) {
      if (!callback) this.#thrown.set(instanceKey(attempt), error);
      if (findTaskEnd(error) === "skip") return { kind: "skipped", reason: messageOf(error), durationMs: 0 };
      return { ...failureOf(error), uncacheable: reasonFor(listReads()), packages: [] };
    }
  }

  async #call(
    { taskId, mapIndex }: Attempt,
    report: CallbackReport,
    scope: AttemptScope,
    returned: JsonValue,
  ): Promise<void> {
    const called = { taskId, mapIndex, event: report.event };
    try {
      await runCallback(this.#dag, taskId, report, scope, returned);
      this.called.push({ ...called, thrown: undefined });
    } catch (error) {
      this.called.push({ ...called, thrown: error });
      throw error;
    }
  }

  #scopeOf(
    attempt: Attempt,
    signal: AbortSignal,
    watchReads: NonNullable<AttemptScope["watchReads"]>,
  ): AttemptScope {
    const { context, declaredContext, isShared } = attempt;
    return {
      context,
      declaredContext,
      isShared,
      signal,
      log: silentLogger,
      watchReads,
      findXCom: async (address) => await this.#parts.queries.findXCom(attempt, address),
      askHuman: async (question) => {
        const found = await this.#parts.queries.askHuman?.(attempt, question);
        return found && canonicalBytes({ response: found.response });
      },
      findVariable: async (name) => await this.#parts.queries.findVariable(attempt, name),
      openValueCache: async (name) => this.#openValueCache(name),
      entries: {
        ask: async (request, bytes) => {
          const answer = await this.#parts.queries.askEntries?.(attempt, request, bytes ?? null);
          if (answer) return answer;
          throw new MemodagError("context_unavailable", "There are no job caches here");
        },
        ...(attempt.entries && { snapshots: attempt.entries }),
      },
    };
  }

  /** In memory, for as long as the run lasts; a cache of any name is there. */
  #openValueCache(name: string): ValueCache {
    const present = this.#valueCaches.get(name);
    if (present) return present;
    // Ages are by the test's clock; its time does not stand still for a creator's lease.
    const clock: Clock = {
      now: () => this.#clock.now(),
      monotonic: () => this.#clock.monotonic(),
      after: (ms, callback) => systemClock.after(ms, callback),
    };
    const cache = new ValueCache({ name, adapter: new MemoryValueAdapter({ clock }), clock });
    this.#valueCaches.set(name, cache);
    return cache;
  }

  #timeOf(running: RunningAttempt) {
    return {
      monotonic: () => this.#clock.monotonic(),
      sleep: async (ms: number, signal: AbortSignal) => {
        running.asleepUntil = this.#clock.now() + ms;
        const slept = new Promise<void>((resolve) => {
          const cancel = this.#clock.after(ms, resolve);
          const wake = (): void => {
            cancel();
            resolve();
          };
          signal.addEventListener("abort", wake, { once: true });
        });
        this.#onSleep();
        await slept;
        running.asleepUntil = null;
        signal.throwIfAborted();
      },
    };
  }
}

function succeeded(
  xcoms: Extract<AttemptOutcome, { kind: "succeeded" }>["xcoms"],
  undeclaredReads: readonly string[],
): AttemptOutcome {
  return { kind: "succeeded", xcoms, durationMs: 0, uncacheable: reasonFor(undeclaredReads), packages: [] };
}

/** Describes an error in the same way as a worker does. */
function failureOf(thrown: unknown): Extract<AttemptOutcome, { kind: "failed" }> {
  const code = thrown instanceof MemodagError ? thrown.code : "task_failed";
  const error = { code, message: messageOf(thrown) };
  return {
    kind: "failed",
    error,
    durationMs: 0,
    retryable: code !== "sensor_timeout" && findTaskEnd(thrown) !== "fail",
  };
}

function reasonFor(undeclaredReads: readonly string[]): Reason | null {
  if (undeclaredReads.length === 0) return null;
  return { code: "undeclared_input", detail: { names: undeclaredReads } };
}

function timedOut(ms: number): StoredError {
  return { code: "task_timeout", message: `the task ran for longer than its executionTimeout of ${ms} ms` };
}
