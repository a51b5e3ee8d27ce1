// Writes the tries that a pass queues or ends, on SQLite.

import type { PassWrite } from "@memodag/core";
import { storableText } from "../storable-text.ts";
import type { SqliteConnection } from "./connection.ts";

// A record for people, on which nothing depends: what is there already stays, and what is missing is not ended.
const INSERT_TRY = `
  insert into task_attempt (dag_run_id, task_id, map_index, try_number, ready_at, queued_at)
  values (?, ?, ?, ?, ?, ?) on conflict do nothing`;
const END_TRY = `
  update task_attempt set started_at = ?, ended_at = ?, outcome = ?, error_code = ?, error_message = ?, worker = ?
  where dag_run_id = ? and task_id = ? and map_index = ? and try_number = ?`;

/** Writes them within the pass's transaction. */
export function writeTries(connection: SqliteConnection, { runId, tries }: PassWrite): void {
  if (!tries) return;
  const end = connection.statement(END_TRY);
  for (const { taskId, mapIndex, tryNumber, startedAt, endedAt, outcome, error, worker } of tries.ended) {
    const message = error && storableText(error.message);
    const where = [runId, taskId, mapIndex, tryNumber];
    end.run([
      startedAt,
      endedAt,
      outcome,
      error && storableText(error.code),
      message,
      worker && storableText(worker),
      ...where,
    ]);
  }
  const insert = connection.statement(INSERT_TRY);
  for (const { taskId, mapIndex, tryNumber, readyAt, queuedAt } of tries.queued)
    insert.run([runId, taskId, mapIndex, tryNumber, readyAt, queuedAt]);
}
