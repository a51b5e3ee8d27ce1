// Metrics of requests to the REST API.

import type { Metrics } from "../metrics/metrics.ts";

/** A request that was answered. */
export interface RequestFacts {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly durationMs: number;
}

const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Records a request. Clients may make up methods, which would be labels without limit. */
export function recordRequest(metrics: Metrics, { method, route, status, durationMs }: RequestFacts): void {
  const labels = { method: METHODS.has(method) ? method : "_OTHER", route, status: String(status) };
  metrics.record("http.server.request.duration", labels, durationMs / 1000);
}

/** Sets the number of streams before each export. */
export function recordStreams(metrics: Metrics, count: () => number): void {
  metrics.observe(() => metrics.set("memodag.api.streams", {}, count()));
}
