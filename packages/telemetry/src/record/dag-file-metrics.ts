// Metrics of Dag files.

import type { Metrics } from "../metrics/metrics.ts";

/** A bundle whose changed files were read. */
export interface ScannedBundle {
  readonly bundle: string;
  readonly files: readonly { readonly kind: "unchanged" | "read" | "broken" }[];
  readonly durationMs: number;
}

/** Records a look at a bundle; one that found no change is no work. */
export function recordBundle(metrics: Metrics, { bundle, files, durationMs }: ScannedBundle): void {
  const changed = files.filter(({ kind }) => kind !== "unchanged");
  if (changed.length === 0) return;
  for (const { kind: result } of changed) metrics.add("memodag.dag_file.processed", { bundle, result });
  metrics.record("memodag.dag_file.scan.duration", { bundle }, durationMs / 1000);
}
