// Takes the lease of free runs and loads them, on PostgreSQL.

import type { ClaimedRun, ClaimRequest } from "@memodag/core";
import type { ClientBase } from "pg";
import { toDagRun, type DagRunRow } from "../runs/dag-run-row.ts";
import { toTaskInstance } from "../runs/task-instance-row.ts";
import { toXCom } from "../runs/xcom-row.ts";
import type { TaskInstanceTable, XComTable } from "../schema.ts";
import { NOW_MS } from "./clock.ts";
import type { PostgresConnection } from "./connection.ts";

// Claimers skip what another one is claiming instead of waiting for it. The choice is a materialized
// CTE: as a plain subquery it may be run again, with other locks, and claim more than was asked for.
// The partial index on unfinished runs keeps it from looking at history.
const CLAIM = `
  with free as materialized (
    select id from dag_run
    where state in ('queued', 'running')
      and (lease_owner is null or lease_expires_at <= ${NOW_MS} or lease_owner = any($3::text[]))
      and ($4::text is null or team = $4) and ($5::text is null or dag_id = $5)
    order by id limit $6
    for update skip locked)
  update dag_run set lease_owner = $1, lease_expires_at = ${NOW_MS} + $2::bigint
  from free where dag_run.id = free.id
  returning dag_run.*`;

const INSTANCES = "select * from task_instance where dag_run_id = any($1::bigint[])";
const XCOMS = `
  select dag_run_id, task_id, map_index, key, digest, size_bytes from xcom
  where dag_run_id = any($1::bigint[])`;

/** Claims and loads; see the port. */
export async function claimRuns(
  connection: PostgresConnection,
  request: ClaimRequest,
): Promise<ClaimedRun[]> {
  return await connection.transaction(async (client) => {
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
      ],
    });
    if (rows.length === 0) return [];
    return await loadRuns(
      client,
      rows.sort((a, b) => a.id - b.id),
    );
  });
}

async function loadRuns(client: ClientBase, rows: readonly DagRunRow[]): Promise<ClaimedRun[]> {
  const ids = [rows.map((row) => row.id)];
  const instances = await client.query<TaskInstanceTable>(INSTANCES, ids);
  const xcoms = await client.query<XComTable>(XCOMS, ids);
  const instancesOf = Map.groupBy(instances.rows, (row) => row.dag_run_id);
  const xcomsOf = Map.groupBy(xcoms.rows, (row) => row.dag_run_id);
  return rows.map((row) => ({
    run: toDagRun(row),
    instances: (instancesOf.get(row.id) ?? []).map(toTaskInstance),
    xcoms: (xcomsOf.get(row.id) ?? []).map(toXCom),
  }));
}
