// The latest failures, and why instances did not hit.

import type { DagRun, MissCount } from "@memodag/core";
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
