// How long the tasks of a Dag took in its latest runs: on average, at least and at most.

import { sql } from "kysely";
import type { DurationRange } from "@memodag/core";
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
    .where("dag_run_id", "in", latestSuccessfulRuns(kysely, team, dagId, latestRuns))
    .where("state", "=", "success")
    .where("duration_ms", "is not", null)
    .groupBy("task_id")
    .execute();
  return new Map(rows.map(({ task_id, mean_ms }) => [task_id, Number(mean_ms)]));
}

/** See the port. */
export async function durationRanges(
  { kysely }: Dialect,
  team: string,
  dagId: string,
  latestRuns: number,
): Promise<Map<string, DurationRange>> {
  // For a hit, the attempt that made the result.
  const took = sql`case when cache_status = 'hit' then saved_ms else duration_ms end`;
  const rows = await kysely
    .selectFrom("task_instance")
    .select(["task_id", sql<number>`min(${took})`.as("low"), sql<number>`max(${took})`.as("high")])
    .where("dag_run_id", "in", latestSuccessfulRuns(kysely, team, dagId, latestRuns))
    .where("state", "=", "success")
    .where(took, "is not", null)
    .groupBy("task_id")
    .execute();
  return new Map(rows.map(({ task_id, low, high }) => [task_id, { low: Number(low), high: Number(high) }]));
}

/** The numbers of the latest runs of a Dag that succeeded and had all of its tasks, as a subquery. */
function latestSuccessfulRuns(kysely: Dialect["kysely"], team: string, dagId: string, latestRuns: number) {
  const latest = kysely
    .selectFrom("dag_run")
    .select("id")
    .where("team", "=", team)
    .where("dag_id", "=", dagId)
    .where("state", "=", "success")
    .where("selection", "is", null)
    .orderBy("id", "desc")
    .limit(latestRuns)
    .as("latest");
  return kysely.selectFrom(latest).select("latest.id");
}
