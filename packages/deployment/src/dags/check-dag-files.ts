// Reads all Dag files of a config, and stores nothing.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LoadedConfig } from "@memodag/config";
import type { DagErrorReport } from "@memodag/operations/dags";
import { openDagProcessor, requireBundles } from "./dag-files.ts";

/** The outcome of a check. */
export interface DagFilesReport {
  /** Number of Dag files that were read. */
  readonly files: number;
  readonly errors: readonly Omit<DagErrorReport, "team">[];
}

/**
 * Reads every Dag file anew, as the Dag processor would. Needs no database, so that it can run in CI.
 * @throws MemodagError `config_invalid` for a config without bundles, or a bundle's folder that cannot be read
 */
export async function checkDagFiles(loaded: LoadedConfig): Promise<DagFilesReport> {
  requireBundles(loaded);
  const { config } = loaded;
  const { openMetastore } = await import("@memodag/metastore");
  const metastore = await openMetastore("sqlite::memory:");
  await metastore.migrate();
  const stateDir = await mkdtemp(join(tmpdir(), "memodag-check-"));
  try {
    const processor = await openDagProcessor({ dags: metastore.dags, loaded }, stateDir);
    const bundles = await processor.processBundles(config.bundles);
    return {
      files: bundles.reduce((sum, { files }) => sum + files.length, 0),
      errors: bundles.flatMap(({ bundle, files }) =>
        files.flatMap((summary) => {
          if (summary.kind !== "broken") return [];
          const { file, line, column, message } = summary.error;
          return [{ bundle, path: summary.path, file, line, column, message }];
        }),
      ),
    };
  } finally {
    await metastore.close();
    await rm(stateDir, { recursive: true, force: true });
  }
}
