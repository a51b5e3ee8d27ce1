// Exports the spans of runs. A span is made when what it is about has ended, with ids that follow from names: none is held
// open, so nothing is lost with a process that ends, and a scheduler that takes a run over goes on with its trace.

import { isTerminal, type DagRun, type TaskInstance, type TryWrites } from "@memodag/core";
import type { SchedulerListener } from "@memodag/scheduler";
import type { FinishedSpan } from "../otlp-port.ts";
import { TryTimes } from "./try-times.ts";
import { traceparent, type TraceIds, type TracedRun, type TracedTry } from "./trace-ids.ts";

/** Digits of a cache key in an attribute, as commands show them. */
const KEY_DIGITS = 12;

/** Runs whose spans are counted, at most. */
const MOST_RUNS = 10_000;

/** The parts of {@link RunTracer}. */
export interface RunTracerParts {
  readonly ids: TraceIds;
  /** Spans of one run; further hits of a task become one. */
  readonly maxSpans: number;
  exportSpan(span: FinishedSpan): void;
  /** Called for an attempt that gets no span because its run has too many. */
  onDropped(): void;
}

interface Counted {
  spans: number;
  /** Hits without a span of their own, by task. */
  readonly further: Map<string, { count: number; savedMs: number }>;
}

/** Hears a scheduler. */
export class RunTracer {
  readonly listener: SchedulerListener = {
    runChanged: (run) => this.#runChanged(run),
    instanceChanged: (run, instance, before) => this.#instanceChanged(run, instance, before),
    triesChanged: (run, tries) => this.#triesChanged(run, tries),
  };
  readonly #parts: RunTracerParts;
  readonly #times = new TryTimes();
  /** By the number of the run. */
  readonly #counted = new Map<number, Counted>();

  constructor(parts: RunTracerParts) {
    this.#parts = parts;
  }

  /** The value of TRACEPARENT for an attempt: what it does hangs below its span. */
  traceparentOf(attempt: TracedRun & TracedTry): string {
    const { ids } = this.#parts;
    const traceId = ids.traceOf(attempt);
    return traceparent(traceId, ids.spanOf(traceId, attempt), ids.isSampled(traceId));
  }

  /** The span of a run, or of a try of it; undefined if it is not traced. */
  findSpan(
    run: TracedRun,
    of?: TracedTry,
  ): { readonly traceId: string; readonly spanId: string } | undefined {
    const { ids } = this.#parts;
    const traceId = ids.traceOf(run);
    if (!ids.isSampled(traceId)) return undefined;
    return { traceId, spanId: of ? ids.spanOf(traceId, of) : ids.rootOf(traceId) };
  }

  #runChanged(run: DagRun): void {
    if (run.endedAt === null) return;
    const { ids, exportSpan } = this.#parts;
    const traceId = ids.traceOf(run);
    const { further } = this.#counted.get(run.id) ?? {};
    this.#counted.delete(run.id);
    this.#times.forget(run.id);
    if (!ids.isSampled(traceId)) return;
    for (const [taskId, { count, savedMs }] of further ?? [])
      exportSpan({
        ...this.#emptySpan(traceId, run.endedAt),
        spanId: ids.spanOf(traceId, { taskId, mapIndex: -1, tryNumber: -1 }, "hit"),
        name: `hits ${taskId}`,
        attributes: {
          ...attributesOf(run),
          "memodag.task.id": taskId,
          "memodag.cache.hits": count,
          "memodag.cache.saved_ms": savedMs,
        },
      });
    exportSpan({
      ...this.#emptySpan(traceId, run.endedAt),
      spanId: ids.rootOf(traceId),
      parentSpanId: null,
      name: `run ${run.dagId}`,
      startedAt: run.startedAt ?? run.createdAt,
      attributes: {
        ...attributesOf(run),
        "memodag.run.type": run.runType,
        "memodag.run.state": run.state,
        "memodag.run.processes": run.processesSpawned,
      },
      events: [{ name: "made", at: run.createdAt }],
      error: run.state === "failed" ? "the run failed" : null,
    });
  }

  #instanceChanged(run: DagRun, instance: TaskInstance, before: TaskInstance["state"] | null): void {
    const { state, cacheStatus, taskId, mapIndex, producer, cacheKey, savedMs, endedAt } = instance;
    if (cacheStatus !== "hit" || !isTerminal(state) || before === state) return;
    const { ids, exportSpan } = this.#parts;
    const traceId = ids.traceOf(run);
    if (!ids.isSampled(traceId)) return;
    if (!this.#mayExport(run.id)) {
      const { further } = this.#counted.get(run.id) ?? this.#newCount(run.id);
      const known = further.get(taskId) ?? { count: 0, savedMs: 0 };
      further.set(taskId, { count: known.count + 1, savedMs: known.savedMs + (savedMs ?? 0) });
      return;
    }
    const of = producer && { taskId, mapIndex: producer.mapIndex, tryNumber: producer.tryNumber };
    const producerTrace = producer && ids.traceOf({ ...run, runId: producer.runId });
    exportSpan({
      ...this.#emptySpan(traceId, endedAt ?? run.startedAt ?? run.createdAt),
      spanId: ids.spanOf(traceId, instance, "hit"),
      name: `hit ${taskId}`,
      attributes: {
        ...attributesOf(run),
        "memodag.task.id": taskId,
        "memodag.task.map_index": mapIndex,
        "memodag.cache.key": cacheKey?.slice(0, KEY_DIGITS) ?? "",
        "memodag.cache.saved_ms": savedMs ?? 0,
        "memodag.producer.run_id": producer?.runId ?? "",
      },
      links: of && producerTrace ? [{ traceId: producerTrace, spanId: ids.spanOf(producerTrace, of) }] : [],
    });
  }

  #triesChanged(run: DagRun, { queued, ended }: TryWrites): void {
    const { ids, exportSpan, onDropped } = this.#parts;
    const traceId = ids.traceOf(run);
    if (!ids.isSampled(traceId)) return;
    for (const each of queued) this.#times.note(run.id, each);
    for (const each of ended) {
      const { taskId, mapIndex, tryNumber, startedAt, endedAt, outcome, error, worker } = each;
      const times = this.#times.take(run.id, each);
      if (startedAt === null) continue;
      if (!this.#mayExport(run.id)) {
        onDropped();
        continue;
      }
      exportSpan({
        ...this.#emptySpan(traceId, endedAt),
        spanId: ids.spanOf(traceId, each),
        name: `attempt ${taskId}`,
        startedAt,
        attributes: {
          ...attributesOf(run),
          "memodag.task.id": taskId,
          "memodag.task.map_index": mapIndex,
          "memodag.task.try": tryNumber,
          "memodag.task.outcome": outcome,
          ...(worker !== null && { "memodag.worker": worker }),
          ...(error && { "error.type": error.code }),
        },
        events: [
          ...(times?.readyAt == null ? [] : [{ name: "ready", at: times.readyAt }]),
          ...(times ? [{ name: "queued", at: times.queuedAt }] : []),
        ],
        error: error?.message ?? null,
      });
    }
  }

  #emptySpan(traceId: string, at: number): Omit<FinishedSpan, "spanId" | "name" | "attributes"> {
    const parentSpanId = this.#parts.ids.rootOf(traceId);
    return { traceId, parentSpanId, startedAt: at, endedAt: at, events: [], links: [], error: null };
  }

  #mayExport(runId: number): boolean {
    const counted = this.#counted.get(runId) ?? this.#newCount(runId);
    counted.spans += 1;
    return counted.spans < this.#parts.maxSpans;
  }

  #newCount(runId: number): Counted {
    // Runs that go on elsewhere are not told of here.
    const [oldest] = this.#counted.keys();
    if (oldest !== undefined && this.#counted.size >= MOST_RUNS) this.#counted.delete(oldest);
    const counted = { spans: 0, further: new Map<string, { count: number; savedMs: number }>() };
    this.#counted.set(runId, counted);
    return counted;
  }
}

function attributesOf({ team, dagId, runId }: DagRun): FinishedSpan["attributes"] {
  return { "memodag.team": team, "memodag.dag.id": dagId, "memodag.run.id": runId };
}
