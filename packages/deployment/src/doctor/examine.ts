// All checks of `memodag doctor`, in order of dependency.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listWarnings, placesLookedAt, redactUrl, type LoadedConfig } from "@memodag/config";
import { systemClock, type Logger } from "@memodag/core";
import type { Metastore } from "@memodag/metastore";
import { ownCacheUrl } from "../stores/cache-backends.ts";
import { openAsItIs } from "../stores/database.ts";
import { type ConfigChoice, loadSettings } from "../config/settings.ts";
import { type Finding, look } from "./finding.ts";
import { lookAtCacheStores, lookAtSwitches } from "./look-at-cache.ts";
import { lookAtNamedCaches } from "./look-at-caches.ts";
import { lookAtClocks, lookAtDatabase } from "./look-at-database.ts";
import { lookAtDisks } from "./look-at-disks.ts";
import { lookAtQueues, type QueueLookOptions } from "./look-at-queues.ts";
import { lookAtRechecks } from "./look-at-rechecks.ts";
import { lookAtRuns } from "./look-at-runs.ts";
import { lookAtStores } from "./look-at-stores.ts";
import { lookAtDagFiles, lookAtStateDir } from "./look-at-files.ts";
import { lookAtWorker } from "./look-at-worker.ts";

/** The config, and how far the checks go. */
export interface ExamineChoice extends ConfigChoice {
  /** Of memodag. */
  readonly version: string;
  /** Send an attempt through each queue of workers on other machines. Default: false. */
  readonly probes?: boolean | undefined;
}

/** Yields each finding as it is made; never rejects because of a problem that it finds. */
export async function* examine(
  { version, probes = false, ...choice }: ExamineChoice,
  log: Logger,
): AsyncGenerator<Finding> {
  let loaded: LoadedConfig | undefined;
  yield* await look("config", async () => {
    loaded = await loadSettings(choice);
    return lookAtConfig(loaded);
  });
  // Without the config, the locations of everything else are unknown.
  if (loaded === undefined) return;
  yield* await examineDatabase(loaded, { version, probes, log });
  const config = loaded;
  yield* await look("folders", () => lookAtStateDir(config));
  yield* await look("disk", async () => lookAtDisks(config));
  const scratchDir = mkdtempSync(join(tmpdir(), "memodag-doctor-"));
  try {
    yield* await look("dags", () => lookAtDagFiles(config, scratchDir, log));
    yield* await look("worker", () => lookAtWorker(config, scratchDir));
  } finally {
    rmSync(scratchDir, { recursive: true, force: true });
  }
}

function lookAtConfig(loaded: LoadedConfig): Finding[] {
  const found: Finding =
    loaded.file === null
      ? {
          check: "config",
          status: "warn",
          message: `no config file was found, so built-in defaults hold: looked for ${placesLookedAt(process.cwd()).join(", ")}`,
        }
      : { check: "config", status: "ok", message: `${loaded.file} has no faults` };
  return [
    found,
    ...listWarnings(loaded).map((warning): Finding => ({
      check: "config",
      status: "warn",
      message: `${warning.path}: ${warning.message}`,
    })),
  ];
}

async function examineDatabase(loaded: LoadedConfig, options: QueueLookOptions): Promise<readonly Finding[]> {
  return await withOpen("database", loaded.config.database.url, async (database, findings) => {
    const clocks = await look("clock", () => lookAtClocks(database, systemClock));
    if (findings.some(({ status }) => status === "fail")) return [...findings, ...clocks];
    const caches = await examineCache(loaded, database, options.log);
    const switches = await look("switch", () => lookAtSwitches(loaded, database));
    const runs = await look("runs", async () => lookAtRuns(database, await database.readClock()));
    const rechecks = await look("recheck", () => lookAtRechecks(database));
    const queues = await look("workers", () => lookAtQueues(loaded, database, options));
    return [...findings, ...clocks, ...caches, ...switches, ...runs, ...rechecks, ...queues];
  });
}

async function examineCache(
  loaded: LoadedConfig,
  database: Metastore,
  log: Logger,
): Promise<readonly Finding[]> {
  const url = ownCacheUrl(loaded.config);
  const own = url === undefined ? [] : await withOpen("cache", url, async (_, findings) => findings);
  if (own.some(({ status }) => status === "fail")) return own;
  const cache = await look("cache", () => lookAtCacheStores(loaded, database, log));
  const stores = await look("store", () => lookAtStores(loaded, database, log));
  const named = await look("named cache", () => lookAtNamedCaches(loaded, database));
  return [...own, ...cache, ...stores, ...named];
}

/** Opens a database, checks it, and continues with it and the findings. */
async function withOpen(
  check: string,
  url: string,
  more: (database: Metastore, findings: readonly Finding[]) => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  return await look(check, async () => {
    const database = await openAsItIs(url);
    try {
      return await more(database, await look(check, () => lookAtDatabase(check, database, redactUrl(url))));
    } finally {
      await database.close();
    }
  });
}
