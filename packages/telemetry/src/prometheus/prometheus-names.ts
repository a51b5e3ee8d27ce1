// The names that Prometheus has for metrics: those of the OTLP translation, so that one dashboard serves both ways.

import type { MetricFacts } from "../catalogue.ts";

const UNIT_NAMES: Readonly<Record<string, string>> = { s: "seconds", By: "bytes" };

/** The unit as Prometheus writes it; undefined for counts of things. */
export function prometheusUnit(unit: string): string | undefined {
  return UNIT_NAMES[unit];
}

/** The name of a family: `memodag.cache.saved` in `s` is `memodag_cache_saved_seconds`. */
export function familyName(name: string, { unit }: Pick<MetricFacts, "unit">): string {
  const plain = name.replaceAll(/[^a-zA-Z0-9_:]/g, "_");
  const suffix = prometheusUnit(unit);
  return suffix === undefined || plain.endsWith(`_${suffix}`) ? plain : `${plain}_${suffix}`;
}

/** The names of all samples of a metric, such as `…_bucket`, `…_sum` and `…_count` of a histogram. */
export function sampleNames(name: string, facts: Pick<MetricFacts, "unit" | "kind">): string[] {
  const family = familyName(name, facts);
  if (facts.kind === "counter") return [`${family}_total`];
  return facts.kind === "gauge" ? [family] : [`${family}_bucket`, `${family}_sum`, `${family}_count`];
}
