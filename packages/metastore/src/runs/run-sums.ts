// The sums of a run that no pass has written: it was ended manually, or is open again.

import { sql } from "kysely";
import type { Dialect } from "../dialect.ts";
import { statement, type TransactionScript } from "../transaction-script.ts";

/** The columns of a run that is open. */
export const NO_SUMS = { hits: null, ran: null, failed: null, saved_ms: null, worked_ms: null } as const;

/** Sums up the instances of a run that has ended without a pass; what its tasks came to is summed up when asked for. */
export function* writeSums({ kysely }: Dialect, runId: number): TransactionScript<void> {
  const isHit = sql`cache_status is not distinct from 'hit'`;
  const query = sql<Record<string, unknown>>`
    update dag_run set (hits, ran, failed, saved_ms, worked_ms) = (
      select coalesce(sum(case when ${isHit} then 1 else 0 end), 0),
        coalesce(sum(case when not ${isHit} and started_at is not null then 1 else 0 end), 0),
        coalesce(sum(case when state = 'failed' then 1 else 0 end), 0),
        coalesce(sum(saved_ms), 0),
        coalesce(sum(case when not ${isHit} then duration_ms end), 0)
      from task_instance where dag_run_id = dag_run.id)
    where id = ${runId}`;
  yield* statement({ compile: () => query.compile(kysely) });
}

/** Removes what was written of the tasks of a run that is open again. */
export function* removeTaskSums({ kysely }: Dialect, runId: number): TransactionScript<void> {
  yield* statement(kysely.deleteFrom("run_summary").where("dag_run_id", "=", runId));
}
