// Sums over the runs of days, of what their ends have written.

import type { DagRunState, DaySums, RunPeriod } from "@memodag/core";
import { sql } from "kysely";
import type { Dialect } from "../dialect.ts";

const DAY_MS = 86_400_000;

/** See the port. Grouped by the database: a run is one row, and a year of them is as many as it has days. */
export async function sumByDay({ kysely }: Dialect, period: RunPeriod): Promise<DaySums[]> {
  const { team, dagId, by, from, before } = period;
  const at = by === "end" ? sql<number>`ended_at` : sql<number>`coalesce(logical_date, created_at)`;
  // An integer of PostgreSQL that may be larger than a number is read as a string.
  const sum = (name: string) => sql<number | string>`coalesce(sum(${sql.ref(name)}), 0)`.as(name);
  const rows = await kysely
    .selectFrom("dag_run")
    .select(sql<number>`(${at} / ${sql.lit(DAY_MS)})`.as("day"))
    .select("state")
    .select(sql<number | string>`count(*)`.as("runs"))
    .select([sum("hits"), sum("ran"), sum("failed"), sum("saved_ms"), sum("worked_ms")])
    .where(at, ">=", from)
    .where(at, "<", before)
    .$if(team !== undefined, (query) => query.where("team", "=", team ?? ""))
    .$if(dagId !== undefined, (query) => query.where("dag_id", "=", dagId ?? ""))
    .groupBy([sql`1`, "state"])
    .orderBy("day")
    .execute();
  return rows.map((row) => ({
    day: row.day,
    state: row.state as DagRunState,
    runs: Number(row.runs),
    hits: Number(row.hits),
    ran: Number(row.ran),
    failed: Number(row.failed),
    savedMs: Number(row.saved_ms),
    workedMs: Number(row.worked_ms),
  }));
}
