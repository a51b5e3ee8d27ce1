// Which files of the repository come from the catalogue.

import { fileURLToPath } from "node:url";
import { renderMetricsReference } from "./metrics-reference.ts";

/** A file, by absolute path, and the text it must have. */
export interface GeneratedFile {
  readonly path: string;
  readonly text: string;
}

/** The reference of metrics. */
export function metricsReference(): GeneratedFile {
  const path = fileURLToPath(new URL("../../../../docs/reference/metrics.md", import.meta.url));
  return { path, text: renderMetricsReference() };
}
