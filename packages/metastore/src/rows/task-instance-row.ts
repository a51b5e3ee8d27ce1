// A task instance as a row, and back. The one list of its columns.

import type { CacheStatus, StoredInstance, TaskInstance, TaskInstanceState } from "@memodag/core";
import type { TaskInstanceTable } from "../tables/run-tables.ts";
import { storableText } from "../storable-text.ts";
import { reasonColumns, toReason } from "./reason-columns.ts";

/** Columns of `task_instance` that name the instance within its run. */
export const INSTANCE_ID_COLUMNS = ["task_id", "map_index"] as const;

/** Columns of `task_instance` that a write sets. */
export const INSTANCE_VALUE_COLUMNS = [
  "state",
  "try_number",
  "max_tries",
  "attempt_id",
  "cache_status",
  "cache_reason",
  "cache_reason_code",
  "cache_reason_detail",
  "cache_key",
  "producer_run_id",
  "producer_map_index",
  "producer_try_number",
  "started_at",
  "ended_at",
  "duration_ms",
  "saved_ms",
  "retry_at",
  "waiting_since",
  "error_code",
  "error_message",
  "loss_count",
  "worker",
] as const;

/** The values that a column accepts. */
export type ColumnValue = string | number | null;

/** The values of {@link INSTANCE_VALUE_COLUMNS}, in their order. */
export function instanceValues(instance: TaskInstance): ColumnValue[] {
  const { producer, error } = instance;
  const reason = reasonColumns(instance.cacheReason);
  return [
    instance.state,
    instance.tryNumber,
    instance.maxTries,
    instance.attemptId,
    instance.cacheStatus,
    reason.cache_reason,
    reason.cache_reason_code,
    reason.cache_reason_detail,
    instance.cacheKey,
    producer === null ? null : producer.runId,
    producer === null ? null : producer.mapIndex,
    producer === null ? null : producer.tryNumber,
    instance.startedAt,
    instance.endedAt,
    instance.durationMs,
    instance.savedMs,
    instance.retryAt,
    instance.waitingSince,
    error === null ? null : storableText(error.code),
    error === null ? null : storableText(error.message),
    instance.losses,
    instance.worker === null ? null : storableText(instance.worker),
  ];
}

/** The instance that a row holds. */
export function toTaskInstance(row: TaskInstanceTable): TaskInstance {
  return {
    taskId: row.task_id,
    mapIndex: row.map_index,
    state: row.state as TaskInstanceState,
    tryNumber: row.try_number,
    maxTries: row.max_tries,
    attemptId: row.attempt_id,
    cacheStatus: row.cache_status as CacheStatus | null,
    cacheReason: toReason(row),
    cacheKey: row.cache_key,
    producer:
      row.producer_run_id === null || row.producer_map_index === null || row.producer_try_number === null
        ? null
        : {
            runId: row.producer_run_id,
            mapIndex: row.producer_map_index,
            tryNumber: row.producer_try_number,
          },
    startedAt: row.started_at,
    endedAt: row.ended_at,
    durationMs: row.duration_ms,
    savedMs: row.saved_ms,
    retryAt: row.retry_at,
    waitingSince: row.waiting_since,
    error: row.error_code === null ? null : { code: row.error_code, message: row.error_message ?? "" },
    losses: row.loss_count,
    worker: row.worker,
  };
}

/** The instance that a row holds, with its revision. */
export function toStoredInstance(row: TaskInstanceTable): StoredInstance {
  return Object.assign(toTaskInstance(row), { revision: row.revision });
}
