// Takes the lease of free runs and loads them, on PostgreSQL.

import type { ClaimedRun, ClaimRequest } from "@memodag/core";
import type { ClientBase } from "pg";
import { toClaimedRun } from "../rows/claimed-run.ts";
import type { DagRunRow } from "../rows/dag-run-row.ts";
import type { TaskInstanceTable, XComTable } from "../tables/run-tables.ts";
import { NOW_MS } from "./clock.ts";
import type { PostgresConnection } from "./connection.ts";

/** Names the lock that claimers take; any number that nothing else uses. */
const CLAIM_LOCK = 7_236_839_015;

// Claimers take turns, so that two of them cannot both start the last run that maxActiveRuns allows, and
// so that each gets its share of a burst: the lock is given in the order in which it was asked for.
const LOCK = `select pg_advisory_xact_lock(${CLAIM_LOCK})`;

/** Queued runs that a claim looks at, of Dags with room: a long backlog costs no more. */
const OLDEST = 256;

/** A run of a Dag that was removed is left as it is. */
const HAS_DAG = `exists (
        select 1 from dag where dag.team = dag_run.team and dag.dag_id = dag_run.dag_id and dag.is_active = 1)`;

// Runs in progress come before waiting ones: a run that was begun is never held back. Rows that a pass
// is just writing are skipped instead of waited for; their lease is asked about again once the row is
// locked, since it may have been renewed meanwhile. Of the queued, as many as their Dag has room for. The
// partial index on unfinished runs keeps all of it from looking at history.
const CLAIM = `
  with under_way as materialized (
    select team, dag_id, count(*) as runs from dag_run
    where state in ('queued', 'running') and (state = 'running' or lease_owner is not null)
    group by team, dag_id),
  waiting as materialized (
    select id, team, dag_id, dag_version_id, max_active_runs from dag_run
    where state in ('queued', 'running') and state = 'queued' and lease_owner is null
      and ($8::boolean or (team = $4 and dag_id = $5) or id = any($7::bigint[]))
      and ${HAS_DAG}
      and id <> all($9::bigint[])
      and not exists (
        select 1 from under_way
        where under_way.team = dag_run.team and under_way.dag_id = dag_run.dag_id and under_way.runs >=
          (select least(dag_version.max_active_runs, dag_run.max_active_runs)
           from dag_version where dag_version.id = dag_run.dag_version_id))
    order by id limit ${OLDEST}),
  placed as materialized (
    select waiting.id, least(dag_version.max_active_runs, waiting.max_active_runs) as max_active_runs,
      coalesce(under_way.runs, 0) +
      row_number() over (partition by waiting.team, waiting.dag_id order by waiting.id) as place
    from waiting
    join dag_version on dag_version.id = waiting.dag_version_id
    left join under_way on under_way.team = waiting.team and under_way.dag_id = waiting.dag_id),
  allowed as materialized (
    select id from placed where place <= max_active_runs order by id limit $6),
  free as materialized (
    select id from dag_run
    where state in ('queued', 'running')
      and (lease_owner is null or lease_expires_at <= ${NOW_MS} or lease_owner = any($3::text[]))
      and id <> all($9::bigint[])
      and (state = 'running' or lease_owner is not null or id in (select id from allowed))
      and ($8::boolean or (team = $4 and dag_id = $5) or id = any($7::bigint[]))
      and ${HAS_DAG}
    order by id limit $6
    for update skip locked)
  update dag_run set lease_owner = $1, lease_expires_at = ${NOW_MS} + $2::bigint
  from free where dag_run.id = free.id
  returning dag_run.*`;

const INSTANCES = "select * from task_instance where dag_run_id = any($1::bigint[])";
const XCOMS = `
  select dag_run_id, task_id, map_index, key, digest, size_bytes, store, stored_digest from xcom
  where dag_run_id = any($1::bigint[])`;

/** Claims and loads; see the port. */
export async function claimRuns(
  connection: PostgresConnection,
  request: ClaimRequest,
): Promise<ClaimedRun[]> {
  const rows = await connection.transaction((client) => takeLeases(client, request));
  if (rows.length === 0) return [];
  // The runs are this claimer's now: other claimers need not wait until they are loaded.
  return await loadRuns(
    connection,
    rows.sort((a, b) => a.id - b.id),
  );
}

async function takeLeases(client: ClientBase, request: ClaimRequest): Promise<DagRunRow[]> {
  await client.query({ name: "claim_lock", text: LOCK });
  const { rows } = await client.query<DagRunRow>({
    name: "claim_runs",
    text: CLAIM,
    values: [
      request.owner,
      request.leaseMs,
      request.deadOwners,
      request.dag?.team ?? null,
      request.dag?.dagId ?? null,
      request.limit,
      request.runs ?? [],
      !request.dag && !request.runs,
      request.exceptRuns ?? [],
    ],
  });
  return rows;
}

async function loadRuns({ pool }: PostgresConnection, rows: readonly DagRunRow[]): Promise<ClaimedRun[]> {
  const ids = [rows.map((row) => row.id)];
  const instances = await pool.query<TaskInstanceTable>(INSTANCES, ids);
  const xcoms = await pool.query<XComTable>(XCOMS, ids);
  const instancesOf = Map.groupBy(instances.rows, (row) => row.dag_run_id);
  const xcomsOf = Map.groupBy(xcoms.rows, (row) => row.dag_run_id);
  return rows.map((row) => toClaimedRun(row, instancesOf.get(row.id) ?? [], xcomsOf.get(row.id) ?? []));
}
