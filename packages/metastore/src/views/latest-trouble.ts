// The latest failures, and why instances did not hit.

import type { ChangedPart, DagRun, MissCount, TaskMisses } from "@memodag/core";
import { sql } from "kysely";
import type { Dialect } from "../dialect.ts";
import { toDagRun } from "../rows/dag-run-row.ts";

/** See the port. A range of the index of ends, however many runs there are. */
export async function listFailures(
  { kysely }: Dialect,
  team: string | undefined,
  endedSince: number,
  limit: number,
): Promise<DagRun[]> {
  const rows = await kysely
    .selectFrom("dag_run")
    .selectAll()
    .where("ended_at", ">=", endedSince)
    .where("state", "=", "failed")
    .$if(team !== undefined, (query) => query.where("team", "=", team ?? ""))
    .orderBy("ended_at", "desc")
    .orderBy("id", "desc")
    .limit(limit)
    .execute();
  return rows.map(toDagRun);
}

/** See the port. A range of the index of ages. */
export async function countMisses(
  { kysely }: Dialect,
  team: string | undefined,
  since: number,
): Promise<MissCount[]> {
  const rows = await kysely
    .selectFrom("cache_decision")
    .select("reason")
    .select(sql<number | string>`count(*)`.as("count"))
    .where("decided_at", ">=", since)
    .$if(team !== undefined, (query) => query.where("team", "=", team ?? ""))
    .groupBy("reason")
    .orderBy("count", "desc")
    .orderBy("reason")
    .execute();
  return rows.map(({ reason, count }) => ({ reason, count: Number(count) }));
}

/** See the port. Counted in the index of reasons; the decisions themselves, which are wide, are read of the listed alone. */
export async function listTaskMisses(
  { kysely }: Dialect,
  team: string | undefined,
  since: number,
  limit: number,
): Promise<TaskMisses[]> {
  const groups = await kysely
    .selectFrom("cache_decision")
    .select(["team", "dag_id", "task_id", "reason"])
    .select(sql<number | string>`count(*)`.as("count"))
    .where("decided_at", ">=", since)
    .$if(team !== undefined, (query) => query.where("team", "=", team ?? ""))
    .groupBy(["team", "dag_id", "task_id", "reason"])
    .orderBy("count", "desc")
    .orderBy("team")
    .orderBy("dag_id")
    .orderBy("task_id")
    .orderBy("reason")
    .limit(limit)
    .execute();
  const misses = groups.map(async (group): Promise<TaskMisses[]> => {
    const latest = await kysely
      .selectFrom("cache_decision")
      .select(["run_id", "map_index", "decided_at", "changes"])
      .where("team", "=", group.team)
      .where("dag_id", "=", group.dag_id)
      .where("task_id", "=", group.task_id)
      .where("reason", "=", group.reason)
      .orderBy("decided_at", "desc")
      .orderBy("dag_run_id", "desc")
      .orderBy("map_index")
      .limit(1)
      .executeTakeFirst();
    // Its decisions were removed meanwhile.
    if (!latest) return [];
    return [
      {
        team: group.team,
        dagId: group.dag_id,
        taskId: group.task_id,
        reason: group.reason,
        count: Number(group.count),
        lastRunId: latest.run_id,
        lastMapIndex: latest.map_index,
        lastAt: latest.decided_at,
        lastChanged: (JSON.parse(latest.changes) as ChangedPart[]).map(({ kind, path }) => ({ kind, path })),
      },
    ];
  });
  return (await Promise.all(misses)).flat();
}
