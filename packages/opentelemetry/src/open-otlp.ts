// Opens the exporters of the OpenTelemetry SDK, each with a bounded queue and a deadline.

import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import {
  defaultResource,
  detectResources,
  envDetector,
  hostDetector,
  processDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
  serviceNameEnvDetector,
} from "@opentelemetry/resources";
import { PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { BatchSpanProcessor } from "@opentelemetry/sdk-trace";
import type { OtlpExport, OtlpOptions } from "@memodag/telemetry";
import { MetricsSource } from "./metrics-source.ts";
import { noteResults } from "./note-results.ts";
import { toReadableSpan } from "./readable-span.ts";

const MOST_WAITING_SPANS = 20_000;
const SPANS_A_BATCH = 512;
const EXPORT_TIMEOUT_MS = 10_000;

/** Milliseconds that closing may take: a service that ends does not wait for a collector that is away. */
const CLOSE_WITHIN_MS = 3_000;

/** Opens an export. Faults of the collector are warnings in the log, one for each time that it is away. */
export function openOtlp(options: OtlpOptions): OtlpExport {
  const { serviceName, collect, hasTraces, mostWaitingSpans = MOST_WAITING_SPANS, log } = options;
  const resource = defaultResource()
    .merge(resourceFromAttributes({ "service.name": serviceName }))
    // The instance tells the series of several processes apart; the environment has the last word.
    .merge(
      detectResources({
        detectors: [
          hostDetector,
          processDetector,
          serviceInstanceIdDetector,
          envDetector,
          serviceNameEnvDetector,
        ],
      }),
    );
  const reader =
    collect &&
    new PeriodicExportingMetricReader({
      exporter: noteResults(new OTLPMetricExporter(), "metrics", log),
      exportIntervalMillis: intervalMs(),
      exportTimeoutMillis: Math.min(EXPORT_TIMEOUT_MS, intervalMs()),
    });
  if (collect) reader?.setMetricProducer(new MetricsSource(collect, resource));
  let waiting = 0;
  const spans = hasTraces
    ? new BatchSpanProcessor({
        exporter: noteResults(new OTLPTraceExporter(), "traces", log, (batch, isSent) => {
          waiting -= batch.length;
          if (!isSent) options.onDropped(batch.length);
        }),
        maxQueueSize: mostWaitingSpans,
        maxExportBatchSize: SPANS_A_BATCH,
        exportTimeoutMillis: EXPORT_TIMEOUT_MS,
      })
    : undefined;
  return {
    exportSpan(span) {
      if (!spans) return;
      if (waiting >= mostWaitingSpans) {
        options.onDropped(1);
        return;
      }
      waiting += 1;
      spans.onEnd(toReadableSpan(span, resource));
    },
    async close() {
      const closing = Promise.allSettled([reader?.shutdown(), spans?.shutdown()]);
      const late = new Promise<void>((resolve) => setTimeout(resolve, CLOSE_WITHIN_MS).unref());
      await Promise.race([closing, late]);
    },
  };
}

/** The standard variable, which the SDK reads only in its own set-up. */
function intervalMs(): number {
  const given = Number(process.env["OTEL_METRIC_EXPORT_INTERVAL"]);
  return Number.isInteger(given) && given > 0 ? given : 60_000;
}
