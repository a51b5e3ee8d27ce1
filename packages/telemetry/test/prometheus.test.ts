// Metrics as text: both formats, hostile labels, histograms, limits, and ports that are taken.

import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { silentLogger } from "@memodag/core";
import { describe, expect, it } from "vitest";
import { METRICS, Metrics, formatMetrics, recordProcess, servePrometheus } from "../src/index.ts";
import { parseOpenMetrics } from "../src/testing/index.ts";

const HOSTILE = 'a "quoted"\\ back\nline';

async function textOf(
  metrics: Metrics,
  format: "openmetrics" | "prometheus" = "openmetrics",
): Promise<string> {
  return formatMetrics(await metrics.collect(), format);
}

describe("OpenMetrics text", () => {
  it("has units, totals, help and escaped labels", async () => {
    const metrics = new Metrics();
    metrics.add("memodag.cache.saved", { team: "ml", dag: HOSTILE, task: "fit" }, 2.5);
    metrics.set("memodag.cache.size", { team: "ml" }, 1024);
    const families = parseOpenMetrics(await textOf(metrics));
    expect(families.get("memodag_cache_saved_seconds")).toEqual({
      type: "counter",
      unit: "seconds",
      help: METRICS["memodag.cache.saved"].description,
      samples: [
        {
          name: "memodag_cache_saved_seconds_total",
          labels: { team: "ml", dag: HOSTILE, task: "fit" },
          value: 2.5,
        },
      ],
    });
    expect(families.get("memodag_cache_size_bytes")?.unit).toBe("bytes");
  });

  it("has histograms whose buckets add up", async () => {
    const metrics = new Metrics();
    for (const seconds of [0.0001, 0.003, 0.003, 99])
      metrics.record("memodag.cache.lookup.duration", { result: "answered" }, seconds);
    const { samples = [] } =
      parseOpenMetrics(await textOf(metrics)).get("memodag_cache_lookup_duration_seconds") ?? {};
    const of = (le: string) => samples.find(({ labels }) => labels["le"] === le)?.value;
    expect([of("0.0005"), of("0.0025"), of("0.005"), of("1.0"), of("+Inf")]).toEqual([1, 1, 3, 3, 4]);
    expect(samples.find(({ name }) => name.endsWith("_count"))?.value).toBe(4);
    expect(samples.find(({ name }) => name.endsWith("_sum"))?.value).toBeCloseTo(99.0061);
  });

  it("is as Prometheus 0.0.4 has it on demand: types are of samples, and there is no end mark", async () => {
    const metrics = new Metrics();
    metrics.add("memodag.scheduler.heartbeat", {});
    expect(await textOf(metrics, "prometheus")).toBe(
      "# TYPE memodag_scheduler_heartbeat_total counter\n" +
        `# HELP memodag_scheduler_heartbeat_total ${METRICS["memodag.scheduler.heartbeat"].description}\n` +
        "memodag_scheduler_heartbeat_total 1\n",
    );
  });

  it("adds the tasks of a Dag up where they are no label", async () => {
    const metrics = new Metrics({ hasTasks: false });
    for (const task of ["a", "b"]) metrics.add("memodag.cache.stored", { team: "t", dag: "d", task }, 4);
    const { samples } = parseOpenMetrics(await textOf(metrics)).get("memodag_cache_stored_bytes") ?? {};
    expect(samples).toEqual([
      { name: "memodag_cache_stored_bytes_total", labels: { team: "t", dag: "d" }, value: 8 },
    ]);
  });

  it("keeps 5,000 series of a metric, and counts what is left out", async () => {
    const metrics = new Metrics();
    for (let index = 0; index < 5_003; index += 1)
      metrics.set("memodag.cache.entries", { team: `t${index}` }, index);
    const families = parseOpenMetrics(await textOf(metrics));
    expect(families.get("memodag_cache_entries")?.samples).toHaveLength(5_000);
    expect(families.get("memodag_telemetry_dropped")?.samples[0]).toMatchObject({
      labels: { what: "series" },
      value: 3,
    });
  });
});

describe("the server", () => {
  it("answers /metrics in the format that is asked for, and nothing else", async () => {
    const metrics = new Metrics();
    const stop = recordProcess(metrics);
    const server = await servePrometheus(metrics, ["127.0.0.1:0"], silentLogger);
    if (!server) throw new Error("it does not listen");
    try {
      const accept = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5";
      const open = await fetch(server.url, { headers: { accept } });
      expect(open.headers.get("content-type")).toContain("application/openmetrics-text");
      const families = parseOpenMetrics(await open.text());
      expect(families.get("process_memory_usage_bytes")?.samples[0]?.value).toBeGreaterThan(1e6);
      expect(families.get("nodejs_eventloop_delay_p99_seconds")?.samples[0]?.value).toBeGreaterThanOrEqual(0);
      expect((await fetch(server.url)).headers.get("content-type")).toContain("text/plain; version=0.0.4");
      expect((await fetch(server.url.replace("/metrics", "/"))).status).toBe(404);
      expect((await fetch(server.url, { method: "POST" })).status).toBe(404);
    } finally {
      stop();
      await server.close();
    }
  });

  it("takes the next address when one is taken, and warns with the remedy when none is left", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const taken = `127.0.0.1:${(other.address() as AddressInfo).port}`;
    const server = await servePrometheus(new Metrics(), [taken, "127.0.0.1:0"], silentLogger);
    expect(server?.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
    expect(server?.url).not.toContain(taken);
    await server?.close();
    const warnings: unknown[] = [];
    const log = { ...silentLogger, warn: (...said: unknown[]) => void warnings.push(said) };
    expect(await servePrometheus(new Metrics(), [taken], log)).toBeUndefined();
    expect(warnings).toEqual([
      [
        expect.stringContaining("[telemetry] prometheus_address"),
        { addresses: expect.stringContaining(taken) },
      ],
    ]);
    other.close();
  });
});
