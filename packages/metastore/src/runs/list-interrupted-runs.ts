// Finds runs that were begun and that no living process works on.

import type { DagRun, InterruptedRunFilter } from "@memodag/core";
import { sql } from "kysely";
import type { Dialect } from "../dialect.ts";
import { toDagRun } from "../rows/dag-run-row.ts";

/** Interrupted runs, oldest first; see the port. The partial index on unfinished runs finds them. */
export async function listInterruptedRuns(
  { kysely, now }: Dialect,
  { team, dagId, deadOwners, queued }: InterruptedRunFilter,
): Promise<DagRun[]> {
  const rows = await kysely
    .selectFrom("dag_run")
    .selectAll()
    .where(sql<boolean>`state in ('queued', 'running')`)
    .$if(team !== undefined, (query) => query.where("team", "=", team ?? ""))
    .$if(dagId !== undefined, (query) => query.where("dag_id", "=", dagId ?? ""))
    .where((where) =>
      where.or([
        // Given back by a scheduler that stopped.
        where.and([where("state", "=", "running"), where("lease_owner", "is", null)]),
        where.and([
          where(sql.lit(queued === undefined ? 0 : 1), "=", 1),
          where("state", "=", "queued"),
          where("lease_owner", "is", null),
          where("hand_count", ">", queued === "cleared" ? 0 : -1),
        ]),
        where("lease_expires_at", "<=", now),
        where("lease_owner", "in", [...deadOwners, ""]),
      ]),
    )
    .orderBy("id")
    .execute();
  return rows.map(toDagRun);
}
