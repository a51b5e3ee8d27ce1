// The table of metrics, traces and run events.

import { key, section, unsetKey } from "./key.ts";
import { LISTENS, NAME, WEB_URL } from "./named-values.ts";
import { boolean, choice, integer, percentage } from "./value-types.ts";

export const telemetry = section("Metrics, traces and run events of memodag's services.", {
  metrics: key(choice("off", "prometheus", "otlp", "prometheus otlp"), {
    description:
      "How metrics are exported: as text for Prometheus, or over OTLP to the endpoint of the OTEL_EXPORTER_OTLP_* variables, which needs the package @memodag/opentelemetry.",
    default: "off",
  }),
  prometheus_address: key(LISTENS, {
    description:
      "Addresses for Prometheus, separated by spaces: each scheduler, Dag processor and API server listens on the first one that is free.",
    default: "127.0.0.1:9464 127.0.0.1:9465 127.0.0.1:9466",
  }),
  task_labels: key(boolean, {
    description: "Labels metrics with the task; if false, those of a Dag's tasks are added up.",
    default: true,
  }),
  traces: key(choice("off", "otlp"), {
    description:
      "Exports a trace of each run over OTLP, which needs the package @memodag/opentelemetry, and gives tasks the variable TRACEPARENT.",
    default: "off",
  }),
  trace_ratio: key(percentage, {
    description: "Share of runs that are traced. Every process makes the same choice for a run.",
    default: "100%",
  }),
  trace_max_spans: key(integer(10, 1_000_000), {
    description:
      "Maximum number of spans that one scheduler exports of a run. Further hits of a task are one span with their number.",
    default: 2_000,
  }),
  openlineage: key(choice("off", "http"), {
    description: "Sends OpenLineage events of runs and of their tasks.",
    default: "off",
  }),
  openlineage_url: unsetKey(WEB_URL, {
    description:
      "URL of the OpenLineage server; events go to its path /api/v1/lineage. Default: OPENLINEAGE_URL.",
    example: "http://127.0.0.1:5000",
  }),
  openlineage_namespace: key(NAME, {
    description: "Namespace of the jobs in OpenLineage events.",
    default: "memodag",
  }),
});
