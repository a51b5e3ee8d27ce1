// A collector of OTLP/JSON over HTTP, for tests: it keeps what it is sent.

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

/** A span, as it was sent. */
export interface SentSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
  readonly events: readonly { readonly name: string; readonly timeUnixNano: string }[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status: { readonly code: number; readonly message?: string };
}

/** A metric, as it was sent. */
export interface SentMetric {
  readonly name: string;
  readonly unit: string;
  readonly sum?: { readonly isMonotonic: boolean; readonly dataPoints: readonly SentPoint[] };
  readonly gauge?: { readonly dataPoints: readonly SentPoint[] };
  readonly histogram?: { readonly dataPoints: readonly SentPoint[] };
}

/** One series of it. */
export interface SentPoint {
  readonly attributes: SentSpan["attributes"];
  readonly asDouble?: number;
  readonly count?: number | string;
  readonly bucketCounts?: readonly (number | string)[];
  readonly explicitBounds?: readonly number[];
}

/** A collector that listens. */
export interface OtlpCollector {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly endpoint: string;
  readonly spans: SentSpan[];
  readonly metrics: SentMetric[];
  /** The attributes of the processes that sent metrics, in each request. */
  readonly resources: SentSpan["attributes"][];
  /** Bodies of other requests, by path. */
  readonly others: { readonly path: string; readonly body: unknown }[];
  /** The status of its answers; 200 at first. */
  status: number;
  close(): Promise<void>;
}

interface Sent {
  readonly resourceSpans?: readonly {
    readonly scopeSpans: readonly { readonly spans: readonly SentSpan[] }[];
  }[];
  readonly resourceMetrics?: readonly {
    readonly resource: { readonly attributes: SentSpan["attributes"] };
    readonly scopeMetrics: readonly { readonly metrics: readonly SentMetric[] }[];
  }[];
}

/** Opens one on a port of its own. */
export async function openOtlpCollector(): Promise<OtlpCollector> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const bytes = Buffer.concat(chunks);
      const text = request.headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes;
      if (collector.status === 200) keep(request.url ?? "", JSON.parse(text.toString()) as Sent);
      response.writeHead(collector.status, { "content-type": "application/json" }).end("{}");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const collector: OtlpCollector = {
    endpoint: `http://127.0.0.1:${port}`,
    spans: [],
    metrics: [],
    resources: [],
    others: [],
    status: 200,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return collector;

  function keep(path: string, sent: Sent): void {
    if (path === "/v1/traces")
      for (const { scopeSpans } of sent.resourceSpans ?? [])
        for (const { spans } of scopeSpans) for (const span of spans) collector.spans.push(span);
    else if (path === "/v1/metrics")
      for (const { resource, scopeMetrics } of sent.resourceMetrics ?? []) {
        collector.resources.push(resource.attributes);
        for (const { metrics } of scopeMetrics) for (const metric of metrics) collector.metrics.push(metric);
      }
    else collector.others.push({ path, body: sent });
  }
}
