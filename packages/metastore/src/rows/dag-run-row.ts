// A run as a row, and back.

import {
  messageOf,
  type CacheMode,
  type DagRun,
  type DagRunState,
  type DagRunType,
  type JsonObject,
  type RunCacheLimits,
  type RunSelection,
  type RunSums,
} from "@memodag/core";
import type { Selectable } from "kysely";
import type { DagRunTable } from "../tables/run-tables.ts";

/** A row of `dag_run`. */
export type DagRunRow = Selectable<DagRunTable>;

/** The run that a row holds; where the row cannot be read, one that says so. */
export function toDagRun(row: DagRunRow): DagRun {
  try {
    return readDagRun(row);
  } catch (error) {
    const run = readDagRun({ ...row, conf: "{}", params: "{}", selection: null, cache_limits: null });
    return { ...run, fault: `its row cannot be read: ${messageOf(error)}` };
  }
}

function readDagRun(row: DagRunRow): DagRun {
  return {
    id: row.id,
    team: row.team,
    dagId: row.dag_id,
    runId: row.run_id,
    runType: row.run_type as DagRunType,
    dagVersionId: row.dag_version_id,
    logicalDate: row.logical_date,
    dataIntervalStart: row.data_interval_start,
    dataIntervalEnd: row.data_interval_end,
    conf: JSON.parse(row.conf) as JsonObject,
    params: JSON.parse(row.params) as JsonObject,
    cacheMode: row.cache_mode as CacheMode,
    ...(row.made_by !== null && { madeBy: row.made_by }),
    ...(row.max_active_runs !== null && { maxActiveRuns: row.max_active_runs }),
    ...(row.selection !== null && { selection: JSON.parse(row.selection) as RunSelection }),
    ...(row.cache_limits !== null && { cacheLimits: JSON.parse(row.cache_limits) as RunCacheLimits }),
    state: row.state as DagRunState,
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    processesSpawned: row.processes_spawned,
    lookups: row.lookups,
    bytesMoved: row.bytes_moved,
    revision: row.revision,
    sums: toRunSums(row),
  };
}

/** The sums that a row holds. */
export function toRunSums({
  hits,
  ran,
  failed,
  saved_ms,
  worked_ms,
}: Pick<DagRunRow, "hits" | "ran" | "failed" | "saved_ms" | "worked_ms">): RunSums | null {
  if (hits === null) return null;
  return { hits, ran: ran ?? 0, failed: failed ?? 0, savedMs: saved_ms ?? 0, workedMs: worked_ms ?? 0 };
}
