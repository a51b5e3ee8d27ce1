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

/** See the port. A range of the index of ages, and then the changes of the listed ones alone: they are wide. */
export async function listTaskMisses(
  { kysely }: Dialect,
  team: string | undefined,
  since: number,
  limit: number,
): Promise<TaskMisses[]> {
  const ranked = kysely
    .selectFrom("cache_decision")
    .select(["dag_run_id", "task_id", "map_index"])
    .select(sql<number | string>`count(*) over (partition by team, dag_id, task_id, reason)`.as("count"))
    .select(
      sql<number | string>`row_number() over (
        partition by team, dag_id, task_id, reason order by decided_at desc, dag_run_id desc, map_index)`.as(
        "place",
      ),
    )
    .where("decided_at", ">=", since)
    .$if(team !== undefined, (query) => query.where("team", "=", team ?? ""));
  const rows = await kysely
    .selectFrom(ranked.as("ranked"))
    .innerJoin("cache_decision as latest", (join) =>
      join
        .onRef("latest.dag_run_id", "=", "ranked.dag_run_id")
        .onRef("latest.task_id", "=", "ranked.task_id")
        .onRef("latest.map_index", "=", "ranked.map_index"),
    )
    .selectAll("latest")
    .select("ranked.count")
    .where("ranked.place", "=", 1)
    .orderBy("ranked.count", "desc")
    .orderBy("latest.team")
    .orderBy("latest.dag_id")
    .orderBy("latest.task_id")
    .orderBy("latest.reason")
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    team: row.team,
    dagId: row.dag_id,
    taskId: row.task_id,
    reason: row.reason,
    count: Number(row.count),
    lastRunId: row.run_id,
    lastMapIndex: row.map_index,
    lastAt: row.decided_at,
    lastChanged: (JSON.parse(row.changes) as ChangedPart[]).map(({ kind, path }) => ({ kind, path })),
  }));
}
