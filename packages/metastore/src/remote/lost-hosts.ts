// Conditions on hosts and their attempts, which several statements share.

import type { LossLimits } from "@memodag/core";
import { sql, type RawBuilder, type SqlBool } from "kysely";
import type { Dialect } from "../dialect.ts";

/** True of a row of `worker_host` that was not heard of for too long. */
export function isHostLost({ now }: Dialect, { beatMs, linkMs }: LossLimits): RawBuilder<SqlBool> {
  return sql<SqlBool>`(worker_host.beat_at <= ${now} - ${sql.lit(beatMs)}
    or (worker_host.link_lost_at is not null and worker_host.link_lost_at <= ${now} - ${sql.lit(linkMs)}))`;
}

/** True of a row of `remote_attempt` that its instance names; an instance names no call of a callback. */
export const hasAttempt: RawBuilder<SqlBool> = sql<SqlBool>`(remote_attempt.is_callback = 1 or exists (
  select 1 from dag_run join task_instance on task_instance.dag_run_id = dag_run.id
  where dag_run.team = remote_attempt.team and dag_run.dag_id = remote_attempt.dag_id
    and dag_run.run_id = remote_attempt.run_id and task_instance.task_id = remote_attempt.task_id
    and task_instance.map_index = remote_attempt.map_index
    and task_instance.attempt_id = remote_attempt.attempt_id
    and task_instance.state in ('queued', 'running')))`;
