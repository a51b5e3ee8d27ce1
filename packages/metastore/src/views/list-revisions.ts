// Which runs are changing, for those that watch.

import type { DagRunState, RevisionLook, RunRevision } from "@memodag/core";
import { sql } from "kysely";
import type { Dialect } from "../dialect.ts";

/** Two statements, each a range of an index on unfinished or on ended runs: one with "or" would read all of them. */
export async function listRevisions(dialect: Dialect, look: RevisionLook): Promise<RunRevision[]> {
  const { endedSince } = look;
  // Spelled as in the index.
  const rows = await select(dialect, look)
    .where(sql<boolean>`state in ('queued', 'running')`)
    .orderBy("id")
    .execute();
  // The ended ones last: a run that ends in between is in one of the answers, or in both.
  if (endedSince !== undefined)
    for (const row of await select(dialect, look)
      .where("ended_at", ">=", endedSince)
      .orderBy("ended_at")
      .execute())
      rows.push(row);
  const latest = new Map(rows.map((row) => [row.id, row]));
  return [...latest.values()].map((row) => ({
    id: row.id,
    team: row.team,
    dagId: row.dag_id,
    runId: row.run_id,
    state: row.state as DagRunState,
    revision: row.revision,
  }));
}

function select({ kysely }: Dialect, { team }: RevisionLook) {
  return kysely
    .selectFrom("dag_run")
    .select(["id", "team", "dag_id", "run_id", "state", "revision"])
    .$if(team !== undefined, (query) => query.where("team", "=", team ?? ""));
}
