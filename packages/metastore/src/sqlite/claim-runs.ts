// Takes the lease of free runs and loads them, on SQLite.

import type { ClaimedRun, ClaimRequest } from "@memodag/core";
import { toClaimedRun } from "../rows/claimed-run.ts";
import type { DagRunRow } from "../rows/dag-run-row.ts";
import type { TaskInstanceTable, XComTable } from "../tables/run-tables.ts";
import { NOW_MS } from "./clock.ts";
import type { SqliteConnection } from "./connection.ts";

/** Queued runs that a claim looks at, of Dags with room: a long backlog costs no more. */
const OLDEST = 256;

/** A run of a Dag that was removed is left as it is. */
const HAS_DAG = `exists (
        select 1 from dag where dag.team = dag_run.team and dag.dag_id = dag_run.dag_id and dag.is_active = 1)`;

// One writer at a time: the update is the claim, nothing has to be skipped. What is under way comes before
// what waits, of which as many are taken as their Dag has room for. The partial index on unfinished runs
// keeps it from looking at history. `state in (…)` must be spelled as in the index.
const CLAIM = `
  with under_way as materialized (
    select team, dag_id, count(*) as runs from dag_run
    where state in ('queued', 'running') and (state = 'running' or lease_owner is not null)
    group by team, dag_id),
  waiting as materialized (
    select id, team, dag_id, dag_version_id, max_active_runs from dag_run
    where state in ('queued', 'running') and state = 'queued' and lease_owner is null
      and (:isAny or (team = :team and dag_id = :dagId) or id in (select value from json_each(:runs)))
      and ${HAS_DAG}
      and id not in (select value from json_each(:exceptRuns))
      and not exists (
        select 1 from under_way
        where under_way.team = dag_run.team and under_way.dag_id = dag_run.dag_id and under_way.runs >=
          (select min(dag_version.max_active_runs, coalesce(dag_run.max_active_runs, dag_version.max_active_runs))
           from dag_version where dag_version.id = dag_run.dag_version_id))
    order by id limit ${OLDEST}),
  placed as materialized (
    select waiting.id,
      min(dag_version.max_active_runs, coalesce(waiting.max_active_runs, dag_version.max_active_runs))
        as max_active_runs,
      coalesce(under_way.runs, 0) +
      row_number() over (partition by waiting.team, waiting.dag_id order by waiting.id) as place
    from waiting
    join dag_version on dag_version.id = waiting.dag_version_id
    left join under_way on under_way.team = waiting.team and under_way.dag_id = waiting.dag_id),
  allowed as materialized (
    select id from placed where place <= max_active_runs order by id limit :limit)
  update dag_run set lease_owner = :owner, lease_expires_at = ${NOW_MS} + :leaseMs
  where id in (
    select id from dag_run
    where state in ('queued', 'running')
      and (lease_owner is null or lease_expires_at <= ${NOW_MS}
           or lease_owner in (select value from json_each(:deadOwners)))
      and id not in (select value from json_each(:exceptRuns))
      and (state = 'running' or lease_owner is not null or id in (select id from allowed))
      and (:isAny or (team = :team and dag_id = :dagId) or id in (select value from json_each(:runs)))
      and ${HAS_DAG}
    order by id limit :limit)
  returning *`;

const INSTANCES = "select * from task_instance where dag_run_id = ?";
const XCOMS =
  "select task_id, map_index, key, digest, size_bytes, store, stored_digest from xcom where dag_run_id = ?";

/** Claims and loads; see the port. */
export async function claimRuns(connection: SqliteConnection, request: ClaimRequest): Promise<ClaimedRun[]> {
  return await connection.transaction(() => {
    const rows = connection.statement(CLAIM).all({
      owner: request.owner,
      leaseMs: request.leaseMs,
      limit: request.limit,
      deadOwners: JSON.stringify(request.deadOwners),
      team: request.dag?.team ?? null,
      dagId: request.dag?.dagId ?? null,
      runs: JSON.stringify(request.runs ?? []),
      isAny: request.dag || request.runs ? 0 : 1,
      exceptRuns: JSON.stringify(request.exceptRuns ?? []),
    }) as DagRunRow[];
    return rows.sort((a, b) => a.id - b.id).map((row) => loadRun(connection, row));
  });
}

function loadRun(connection: SqliteConnection, row: DagRunRow): ClaimedRun {
  const instances = connection.statement(INSTANCES).all(row.id) as TaskInstanceTable[];
  const xcoms = connection.statement(XCOMS).all(row.id) as XComTable[];
  return toClaimedRun(row, instances, xcoms);
}
