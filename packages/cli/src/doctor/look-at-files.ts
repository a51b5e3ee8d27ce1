// Can this machine's folders be written to, and the Dag files be read?

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkFolders, type LoadedConfig } from "@memodag/config";
import { MemodagError, messageOf } from "@memodag/core";
import { DagProcessor } from "@memodag/dag-processor";
import { openMetastore } from "@memodag/metastore";
import { placeOf } from "../report/dag-file-place.ts";
import type { Finding } from "./finding.ts";

/** Writes to the folder of logs and artifacts, and takes it back. */
export async function lookAtStateDir({ config }: LoadedConfig): Promise<Finding[]> {
  const folder = config.core.stateDir;
  try {
    mkdirSync(folder, { recursive: true });
    const trial = mkdtempSync(join(folder, "doctor-"));
    writeFileSync(join(trial, "trial"), "");
    rmSync(trial, { recursive: true });
  } catch (error) {
    throw new MemodagError(
      "config_invalid",
      `${folder} cannot be written to (${messageOf(error)}): give it to the user that runs memodag, or set ` +
        "[core] state_dir",
      { cause: error },
    );
  }
  return [{ check: "folders", status: "ok", message: `${folder} can be written to` }];
}

/** Reads every Dag file anew, into a database that is forgotten: what is stored stays as it is. */
export async function lookAtDagFiles(loaded: LoadedConfig, scratchDir: string): Promise<Finding[]> {
  const { bundles, dagProcessor } = loaded.config;
  checkFolders(loaded);
  const forgotten = await openMetastore("sqlite::memory:");
  try {
    await forgotten.migrate();
    const processor = new DagProcessor({
      store: forgotten.dags,
      stateDir: scratchDir,
      loadTimeoutMs: dagProcessor.loadTimeout,
    });
    const summaries = await processor.processBundles(bundles);
    const files = summaries.flatMap((summary) => summary.files.map((file) => ({ ...summary, file })));
    const broken = files.flatMap(({ bundle, file }): Finding[] =>
      file.kind === "broken"
        ? [
            {
              check: "dags",
              status: "fail",
              message: `${bundle}/${file.path}: ${placeOf(file.path, file.error)}: ${file.error.message}`,
            },
          ]
        : [],
    );
    if (broken.length > 0) return broken;
    const count = (await forgotten.dags.listDags()).length;
    if (count > 0) return [{ check: "dags", status: "ok", message: `${count} in ${files.length} files` }];
    const message = "no Dag in any folder that [[bundles]] names: a Dag file exports a Dag";
    return [{ check: "dags", status: "warn", message }];
  } finally {
    await forgotten.close();
  }
}
