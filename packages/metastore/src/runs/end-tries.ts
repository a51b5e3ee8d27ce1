// Ends tries in the record when a user changes their run: no pass will.

import { sql } from "kysely";
import type { Dialect } from "../dialect.ts";
import { statement, type TransactionScript } from "../transaction-script.ts";

/** Ends the open tries of instances that are no longer in progress. */
export function* endTries({ kysely, now }: Dialect, runId: number): TransactionScript<void> {
  const query = sql<Record<string, unknown>>`
    update task_attempt set ended_at = ${now}, outcome = 'cancelled',
      started_at = (
        select started_at from task_instance as instance
        where instance.dag_run_id = task_attempt.dag_run_id and instance.task_id = task_attempt.task_id
          and instance.map_index = task_attempt.map_index and instance.try_number = task_attempt.try_number)
    where dag_run_id = ${runId} and ended_at is null and not exists (
      select 1 from task_instance as instance
      where instance.dag_run_id = task_attempt.dag_run_id and instance.task_id = task_attempt.task_id
        and instance.map_index = task_attempt.map_index and instance.try_number = task_attempt.try_number
        and instance.state in ('queued', 'running', 'up_for_reschedule'))`;
  yield* statement({ compile: () => query.compile(kysely) });
}
