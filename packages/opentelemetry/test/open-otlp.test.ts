// Metrics and spans over OTLP, to a real collector.

import { silentLogger } from "@memodag/core";
import { Metrics, type FinishedSpan, type OtlpOptions } from "@memodag/telemetry";
import { openOtlpCollector, type OtlpCollector } from "@memodag/telemetry/testing";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { openOtlp } from "../src/index.ts";

let collector: OtlpCollector;
let dropped = 0;
const warnings: string[] = [];
const log = { ...silentLogger, warn: (message: string) => void warnings.push(message) };

beforeEach(async () => {
  collector = await openOtlpCollector();
  vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint);
  dropped = 0;
  warnings.length = 0;
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await collector.close();
});

const options: OtlpOptions = {
  serviceName: "memodag-test",
  hasTraces: true,
  onDropped: (count) => (dropped += count),
  log,
};

const span: FinishedSpan = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  parentSpanId: "00f067aa0ba902b7",
  name: "attempt fit",
  startedAt: 1_700_000_000_123,
  endedAt: 1_700_000_001_000.5,
  attributes: { "memodag.team": "ml", "memodag.try": 2, "memodag.done": true },
  events: [{ name: "queued", at: 1_700_000_000_001 }],
  links: [{ traceId: "1af7651916cd43dd8448eb211c80319c", spanId: "c7ad6b7169203331" }],
  error: "it broke",
};

it("sends counters, gauges and histograms with their units", async () => {
  const metrics = new Metrics();
  metrics.add("memodag.cache.saved", { team: "ml", dag: "d", task: "t" }, 1.5);
  metrics.set("memodag.scheduler.runs.held", {}, 3);
  metrics.record("memodag.cache.lookup.duration", { result: "answered" }, 0.002);
  const otlp = openOtlp({ ...options, hasTraces: false, collect: () => metrics.collect() });
  await otlp.close();
  const of = (name: string) => collector.metrics.find((metric) => metric.name === name);
  expect(of("memodag.cache.saved")).toMatchObject({
    unit: "s",
    sum: { isMonotonic: true, dataPoints: [{ asDouble: 1.5, attributes: { length: 3 } }] },
  });
  expect(of("memodag.scheduler.runs.held")?.gauge?.dataPoints[0]?.asDouble).toBe(3);
  const [point] = of("memodag.cache.lookup.duration")?.histogram?.dataPoints ?? [];
  expect(Number(point?.count)).toBe(1);
  expect(point?.bucketCounts?.map(Number)[point.explicitBounds?.indexOf(0.0025) ?? -1]).toBe(1);
});

it("tells processes of one service apart, unless the environment names them", async () => {
  const metrics = new Metrics();
  metrics.set("memodag.scheduler.runs.held", {}, 3);
  const instanceOf = async (): Promise<unknown> => {
    await openOtlp({ ...options, hasTraces: false, collect: () => metrics.collect() }).close();
    const found = collector.resources.at(-1)?.find(({ key }) => key === "service.instance.id");
    return found?.value["stringValue"];
  };
  // A random one for each process.
  expect(await instanceOf()).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
  vi.stubEnv("OTEL_RESOURCE_ATTRIBUTES", "service.instance.id=scheduler-1");
  expect(await instanceOf()).toBe("scheduler-1");
});

it("sends spans with their ids, times, links, events and errors", async () => {
  const otlp = openOtlp(options);
  otlp.exportSpan(span);
  await otlp.close();
  expect(collector.spans).toEqual([
    expect.objectContaining({
      traceId: span.traceId,
      spanId: span.spanId,
      parentSpanId: span.parentSpanId,
      name: "attempt fit",
      startTimeUnixNano: "1700000000123000000",
      endTimeUnixNano: "1700000001000500000",
      links: [expect.objectContaining(span.links[0])],
      events: [expect.objectContaining({ name: "queued" })],
      status: { code: 2, message: "it broke" },
    }),
  ]);
  expect(dropped).toBe(0);
});

it("counts spans that a collector refuses, warns once, and ends in time", async () => {
  collector.status = 400;
  const otlp = openOtlp(options);
  for (let times = 0; times < 600; times += 1) otlp.exportSpan(span);
  await otlp.close();
  await vi.waitUntil(() => dropped === 600, { timeout: 20_000 });
  expect(warnings).toEqual([expect.stringContaining("OTEL_EXPORTER_OTLP_ENDPOINT")]);
});

it("drops spans beyond those that may wait", async () => {
  const otlp = openOtlp({ ...options, mostWaitingSpans: 100 });
  for (let times = 0; times < 200; times += 1) otlp.exportSpan(span);
  expect(dropped).toBe(100);
  await otlp.close();
});
