// Spans of runs: sampling, limits, and what scheduler after scheduler makes of one run.

import type { DagRun, TaskInstance } from "@memodag/core";
import { expect, it } from "vitest";
import { RunTracer, TraceIds, correlateLog, type FinishedSpan } from "../src/index.ts";

const SECRET = new Uint8Array(32).fill(7);

const run = {
  id: 1,
  team: "default",
  dagId: "d",
  runId: "r2",
  runType: "manual",
  state: "running",
  createdAt: 10,
  startedAt: 20,
  endedAt: null,
  processesSpawned: 0,
} as DagRun;

function hitOf(mapIndex: number): TaskInstance {
  return {
    taskId: "t",
    mapIndex,
    state: "success",
    tryNumber: 0,
    cacheStatus: "hit",
    cacheKey: "a".repeat(64),
    producer: { runId: "r1", mapIndex, tryNumber: 1 },
    savedMs: 5,
    endedAt: 30,
  } as TaskInstance;
}

function open(options: { readonly ratio?: number; readonly maxSpans?: number } = {}) {
  const spans: FinishedSpan[] = [];
  let dropped = 0;
  const tracer = new RunTracer({
    ids: new TraceIds(SECRET, options.ratio),
    maxSpans: options.maxSpans ?? 100,
    exportSpan: (span) => spans.push(span),
    onDropped: () => (dropped += 1),
  });
  return { tracer, spans, dropped: () => dropped };
}

const queued = { taskId: "t", mapIndex: -1, tryNumber: 1, readyAt: 21, queuedAt: 22 };
const ended = {
  taskId: "t",
  mapIndex: -1,
  tryNumber: 1,
  startedAt: 23,
  endedAt: 29,
  error: null,
  worker: "host:1",
};

it("makes the same spans in every process, and a hit links to the span of the other run", () => {
  const [one, other] = [open(), open()];
  one.tracer.listener.triesChanged?.({ ...run, runId: "r1" }, { queued: [queued], ended: [] });
  other.tracer.listener.triesChanged?.(
    { ...run, runId: "r1" },
    { queued: [], ended: [{ ...ended, outcome: "lost" }] },
  );
  other.tracer.listener.instanceChanged?.(
    run,
    { ...hitOf(-1), producer: { runId: "r1", mapIndex: -1, tryNumber: 1 } },
    null,
  );
  const [attempt, hit] = other.spans;
  expect(hit?.links).toEqual([{ traceId: attempt?.traceId, spanId: attempt?.spanId }]);
  expect(attempt).toMatchObject({ startedAt: 23, endedAt: 29, events: [] });
  const parent = one.tracer.traceparentOf({ ...run, runId: "r1", taskId: "t", mapIndex: -1, tryNumber: 1 });
  expect(parent).toBe(`00-${attempt?.traceId}-${attempt?.spanId}-01`);
  const elsewhere = new TraceIds(new Uint8Array(32).fill(8)).traceOf(run);
  expect(elsewhere).not.toBe(hit?.traceId);
});

it("makes one span of the hits of a task beyond the limit, and tells when they changed once", () => {
  const { tracer, spans, dropped } = open({ maxSpans: 10 });
  for (let index = 0; index < 50; index += 1) {
    tracer.listener.instanceChanged?.(run, hitOf(index), "none");
    tracer.listener.instanceChanged?.(run, hitOf(index), "success");
  }
  tracer.listener.triesChanged?.(run, { queued: [], ended: [{ ...ended, outcome: "success" }] });
  expect(dropped()).toBe(1);
  tracer.listener.runChanged?.({ ...run, state: "success", endedAt: 40 });
  const further = spans.find(({ name }) => name === "hits t");
  expect(further?.attributes).toMatchObject({ "memodag.cache.hits": 41, "memodag.cache.saved_ms": 205 });
  expect(spans.filter(({ name }) => name === "hit t")).toHaveLength(9);
  expect(spans.at(-1)).toMatchObject({ name: "run d", parentSpanId: null, startedAt: 20, endedAt: 40 });
});

it("samples a share of runs, the same in every process, and says so to their tasks", () => {
  const ids = new TraceIds(SECRET, 0.25);
  const names = Array.from({ length: 4_000 }, (_, index) => ({ ...run, runId: `r${index}` }));
  const sampled = names.filter((each) => ids.isSampled(ids.traceOf(each)));
  expect(sampled.length / names.length).toBeCloseTo(0.25, 1);
  const { tracer, spans } = open({ ratio: 0 });
  tracer.listener.instanceChanged?.(run, hitOf(0), null);
  tracer.listener.runChanged?.({ ...run, state: "failed", endedAt: 40 });
  expect(spans).toEqual([]);
  expect(tracer.traceparentOf({ ...run, taskId: "t", mapIndex: -1, tryNumber: 1 })).toMatch(/-00$/);
  expect(tracer.findSpan(run)).toBeUndefined();
});

it("names the spans in messages about runs, and where Dags belong to teams, in those that name one", () => {
  const { tracer } = open();
  const seen: unknown[] = [];
  const note = (_: string, fields?: object): void => void seen.push(fields);
  const plain = { debug: note, info: note, warn: note, error: note };
  const log = correlateLog(plain, tracer, { hasTeams: false });
  log.info("ended", { dagId: "d", runId: "r2" });
  log.info("ended", { dagId: "d", runId: "r2", taskId: "t", tryNumber: 1 });
  log.info("other", { path: "x" });
  log.info("none");
  correlateLog(plain, tracer, { hasTeams: true }).info("ended", { dagId: "d", runId: "r2" });
  const root = tracer.findSpan(run);
  const attempt = tracer.findSpan(run, { taskId: "t", mapIndex: -1, tryNumber: 1 });
  expect(seen).toEqual([
    { dagId: "d", runId: "r2", trace_id: root?.traceId, span_id: root?.spanId },
    { dagId: "d", runId: "r2", taskId: "t", tryNumber: 1, trace_id: root?.traceId, span_id: attempt?.spanId },
    { path: "x" },
    undefined,
    { dagId: "d", runId: "r2" },
  ]);
});
