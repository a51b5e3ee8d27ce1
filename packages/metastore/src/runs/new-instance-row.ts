// The row of a task instance that nothing has happened to.

import { UNMAPPED } from "@memodag/core";
import type { TaskInstanceTable } from "../tables/run-tables.ts";

/** The columns that tell what has happened to an instance, as they are before anything has. */
export const UNTOUCHED_COLUMNS = {
  state: "none",
  attempt_id: null,
  cache_status: null,
  cache_reason: null,
  cache_reason_code: null,
  cache_reason_detail: null,
  cache_key: null,
  producer_run_id: null,
  producer_map_index: null,
  producer_try_number: null,
  started_at: null,
  ended_at: null,
  duration_ms: null,
  saved_ms: null,
  retry_at: null,
  waiting_since: null,
  error_code: null,
  error_message: null,
  loss_count: 0,
  worker: null,
} as const;

/** The one instance of a task, or the one that stands for a mapped task before its list is known. */
export function newInstanceRow(runId: number, taskId: string): TaskInstanceTable {
  return {
    ...UNTOUCHED_COLUMNS,
    dag_run_id: runId,
    task_id: taskId,
    map_index: UNMAPPED,
    try_number: 0,
    max_tries: 1,
    revision: 0,
  };
}
