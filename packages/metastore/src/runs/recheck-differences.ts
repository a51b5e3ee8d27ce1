// The rechecks of a task that found other bytes than were stored.

import type { RecheckDifferences } from "@memodag/core";
import { sql } from "kysely";
import type { Dialect } from "../dialect.ts";

/** See the run store. */
export async function findRecheckDifferences(
  { kysely }: Dialect,
  team: string,
  dagId: string,
  taskId: string,
): Promise<RecheckDifferences | undefined> {
  const row = await kysely
    .selectFrom("dag_run")
    .innerJoin("task_instance", "task_instance.dag_run_id", "dag_run.id")
    .select(["dag_run.run_id as lastRunId", "task_instance.ended_at as lastAt"])
    // An integer of PostgreSQL that may be larger than a number is read as a string.
    .select(sql<number | string>`count(*) over ()`.as("count"))
    .where("dag_run.team", "=", team)
    .where("dag_run.dag_id", "=", dagId)
    .where("task_instance.task_id", "=", taskId)
    .where("task_instance.cache_reason_code", "=", "recheck_differs")
    .orderBy("dag_run.id", "desc")
    .orderBy("task_instance.map_index", "desc")
    .limit(1)
    .executeTakeFirst();
  return row && { ...row, count: Number(row.count) };
}
