// Decorators and listeners around the parts of a scheduler, which know nothing of telemetry.

import type { Clock, Executor, RunStore } from "@memodag/core";
import type {
  BreakerChange,
  Collection,
  CounterStore,
  DecisionStore,
  RecordStore,
} from "@memodag/result-cache";
import type { SchedulerListener } from "@memodag/scheduler";
import type { Metrics } from "./metrics/metrics.ts";
import { override } from "./override.ts";
import type { RunTracer } from "./traces/run-tracer.ts";
import { runMetrics } from "./record/run-metrics.ts";
import {
  meterCounters,
  meterDecisions,
  meterRecords,
  meterRuns,
  recordBreaker,
} from "./record/store-metrics.ts";

/** The load of a scheduler. */
export interface SchedulerLoad {
  readonly heldRuns: number;
  /** Attempts of the default queue that it would take. */
  readonly freeSlots: number;
}

/** The parts of {@link SchedulerProbe}. */
export interface SchedulerProbeParts {
  readonly metrics: Metrics | undefined;
  readonly tracer: RunTracer | undefined;
  /** Others that hear the scheduler. */
  readonly listeners: readonly SchedulerListener[];
  readonly clock: Clock;
}

/** Observes one scheduler. Without metrics, its decorators return what they are given. */
export class SchedulerProbe {
  readonly listeners: readonly SchedulerListener[];
  readonly #metrics: Metrics | undefined;
  readonly #tracer: RunTracer | undefined;
  readonly #clock: Clock;

  constructor({ metrics, tracer, listeners, clock }: SchedulerProbeParts) {
    this.#metrics = metrics;
    this.#tracer = tracer;
    this.#clock = clock;
    this.listeners = [
      ...(metrics ? [runMetrics(metrics)] : []),
      ...(tracer ? [tracer.listener] : []),
      ...listeners,
    ];
  }

  /** Has attempts go on with the trace of their run. */
  executor<T extends Executor>(executor: T): T {
    const tracer = this.#tracer;
    if (!tracer) return executor;
    return override<Executor>(executor, {
      submit: async (attempt) =>
        await executor.submit({ ...attempt, traceparent: tracer.traceparentOf(attempt) }),
    }) as T;
  }

  runs<T extends RunStore>(runs: T): T {
    return this.#metrics ? meterRuns(runs, this.#metrics, this.#clock) : runs;
  }

  records<T extends Pick<RecordStore, "find">>(records: T): T {
    return this.#metrics ? meterRecords(records, this.#metrics, this.#clock) : records;
  }

  counters(counters: CounterStore): CounterStore {
    return this.#metrics ? meterCounters(counters, this.#metrics) : counters;
  }

  decisions<T extends DecisionStore>(decisions: T): T {
    return this.#metrics ? meterDecisions(decisions, this.#metrics) : decisions;
  }

  /** A cache was opened, whose circuit breaker is closed at first. */
  cacheOpened(cache: string): void {
    this.breakerChanged(cache, { state: "closed" });
  }

  breakerChanged(cache: string, change: Pick<BreakerChange, "state">): void {
    if (this.#metrics) recordBreaker(this.#metrics, cache, change);
  }

  collected({ expired, evicted }: Pick<Collection, "expired" | "evicted">): void {
    this.#metrics?.add("memodag.cache.collected", { cause: "expired" }, expired.count);
    this.#metrics?.add("memodag.cache.collected", { cause: "evicted" }, evicted.count);
  }

  /** Reads the load before each export. */
  watch(load: () => SchedulerLoad): void {
    const metrics = this.#metrics;
    metrics?.observe(() => {
      const { heldRuns, freeSlots } = load();
      metrics.set("memodag.scheduler.runs.held", {}, heldRuns);
      metrics.set("memodag.scheduler.slots.free", {}, freeSlots);
    });
  }
}

/** One listener for several. One that throws does not hurt the others, nor the scheduler. */
export function joinListeners(listeners: readonly (SchedulerListener | undefined)[]): SchedulerListener {
  const all = listeners.filter((listener) => listener !== undefined);
  const each = (call: (listener: SchedulerListener) => void): void => {
    for (const listener of all) {
      try {
        call(listener);
      } catch {
        // A listener must not throw; what it is for is lost this once.
      }
    }
  };
  return {
    instanceChanged: (run, instance, before) =>
      each((listener) => listener.instanceChanged?.(run, instance, before)),
    triesChanged: (run, tries) => each((listener) => listener.triesChanged?.(run, tries)),
    runChanged: (run, isCancelled) => each((listener) => listener.runChanged?.(run, isCancelled)),
    runNotLoaded: (run, reason) => each((listener) => listener.runNotLoaded?.(run, reason)),
  };
}
