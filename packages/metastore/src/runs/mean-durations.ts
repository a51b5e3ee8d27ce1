// The mean durations of a Dag's tasks in its latest runs.

import { sql } from "kysely";
import type { Dialect } from "../dialect.ts";

/** See the port. */
export async function meanDurations(
  { kysely }: Dialect,
  team: string,
  dagId: string,
  latestRuns: number,
): Promise<Map<string, number>> {
  const rows = await kysely
    .selectFrom("task_instance")
    .select([
      "task_id",
      sql<number>`avg(case when cache_status = 'hit' then 0 else duration_ms end)`.as("mean_ms"),
    ])
    .where(
      "dag_run_id",
      "in",
      kysely
        .selectFrom(
          kysely
            .selectFrom("dag_run")
            .select("id")
            .where("team", "=", team)
            .where("dag_id", "=", dagId)
            .where("state", "=", "success")
            .where("selection", "is", null)
            .orderBy("id", "desc")
            .limit(latestRuns)
            .as("latest"),
        )
        .select("latest.id"),
    )
    .where("state", "=", "success")
    .where("duration_ms", "is not", null)
    .groupBy("task_id")
    .execute();
  return new Map(rows.map(({ task_id, mean_ms }) => [task_id, Number(mean_ms)]));
}
