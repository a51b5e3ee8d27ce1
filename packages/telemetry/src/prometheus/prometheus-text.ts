// Metrics as text: OpenMetrics 1.0, or the older format of Prometheus 0.0.4.
//
// The exporter of the OpenTelemetry SDK leaves units out of names.

import type { MetricFamily, MetricPoint } from "../metrics/metrics.ts";
import { familyName, prometheusUnit } from "./prometheus-names.ts";

/** A format. */
export type TextFormat = "openmetrics" | "prometheus";

/** The content type of each format. */
export const CONTENT_TYPES: Readonly<Record<TextFormat, string>> = {
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
};

/** Writes metrics, in the order of their names. */
export function formatMetrics(families: readonly MetricFamily[], format: TextFormat): string {
  const sorted = families.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const lines = sorted.flatMap((family) => linesOf(family, format));
  if (format === "openmetrics") lines.push("# EOF");
  return `${lines.join("\n")}\n`;
}

function linesOf({ name, facts, points }: MetricFamily, format: TextFormat): string[] {
  const family = familyName(name, facts);
  const isCounter = facts.kind === "counter";
  // The older format has no families: what it describes are samples.
  const described = isCounter && format === "prometheus" ? `${family}_total` : family;
  const unit = prometheusUnit(facts.unit);
  return [
    `# TYPE ${described} ${facts.kind}`,
    ...(unit !== undefined && format === "openmetrics" ? [`# UNIT ${described} ${unit}`] : []),
    `# HELP ${described} ${escapeHelp(facts.description, format)}`,
    ...points.flatMap((point) =>
      samplesOf(isCounter ? `${family}_total` : family, point, facts.buckets ?? []),
    ),
  ];
}

function samplesOf(name: string, { labels, value }: MetricPoint, bounds: readonly number[]): string[] {
  if (typeof value === "number") return [`${name}${labelText(labels)} ${numberText(value)}`];
  let below = 0;
  const buckets = [...bounds, Infinity].map((bound, index) => {
    below += value.counts[index] ?? 0;
    return `${name}_bucket${labelText([...labels, ["le", boundText(bound)]])} ${below}`;
  });
  const own = labelText(labels);
  return [...buckets, `${name}_sum${own} ${numberText(value.sum)}`, `${name}_count${own} ${value.count}`];
}

function labelText(labels: MetricPoint["labels"]): string {
  if (labels.length === 0) return "";
  return `{${labels.map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(",")}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

/** Quotes in help are escaped in OpenMetrics alone. */
function escapeHelp(text: string, format: TextFormat): string {
  const escaped = text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return format === "openmetrics" ? escaped.replaceAll('"', '\\"') : escaped;
}

/** Bounds are floats in OpenMetrics, and the same in both formats, so that series stay the same. */
function boundText(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : numberText(bound);
}

function numberText(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return String(value);
}
