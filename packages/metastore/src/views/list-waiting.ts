// Counts waiting instances and callbacks, over all runs.

import type { WaitingTask } from "@memodag/core";
import { sql } from "kysely";
import type { Dialect } from "../dialect.ts";

/** See the port. Runs that have not ended are a range of an index, and so are the instances of each. */
export async function listWaitingTasks({ kysely }: Dialect): Promise<WaitingTask[]> {
  const rows = await kysely
    .selectFrom("dag_run")
    .innerJoin("task_instance", "task_instance.dag_run_id", "dag_run.id")
    .select(["dag_run.dag_version_id", "task_instance.task_id"])
    .select(({ fn }) => fn.countAll<number | string>().as("instances"))
    // Spelled as in the index.
    .where(sql<boolean>`dag_run.state in ('queued', 'running')`)
    .where("task_instance.state", "=", "scheduled")
    .groupBy(["dag_run.dag_version_id", "task_instance.task_id"])
    .execute();
  return rows.map(({ dag_version_id: dagVersionId, task_id: taskId, instances }) => ({
    dagVersionId,
    taskId,
    instances: Number(instances),
  }));
}

/** See the port. */
export async function countOwedCallbacks({ kysely }: Dialect): Promise<number> {
  const { count } = await kysely
    .selectFrom("owed_callback")
    .select(({ fn }) => fn.countAll<number | string>().as("count"))
    .executeTakeFirstOrThrow();
  return Number(count);
}
