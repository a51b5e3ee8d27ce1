// Takes the lease of free runs and loads them, on SQLite.

import type { ClaimedRun, ClaimRequest } from "@memodag/core";
import { toDagRun, type DagRunRow } from "../runs/dag-run-row.ts";
import { toTaskInstance } from "../runs/task-instance-row.ts";
import { toXCom } from "../runs/xcom-row.ts";
import type { TaskInstanceTable, XComTable } from "../schema.ts";
import { NOW_MS } from "./clock.ts";
import type { SqliteConnection } from "./connection.ts";

// One writer at a time: the update is the claim, nothing has to be skipped. The partial index on
// unfinished runs keeps it from looking at history. `state in (…)` must be spelled as in the index.
const CLAIM = `
  update dag_run set lease_owner = :owner, lease_expires_at = ${NOW_MS} + :leaseMs
  where id in (
    select id from dag_run
    where state in ('queued', 'running')
      and (lease_owner is null or lease_expires_at <= ${NOW_MS}
           or lease_owner in (select value from json_each(:deadOwners)))
      and (:team is null or team = :team) and (:dagId is null or dag_id = :dagId)
    order by id limit :limit)
  returning *`;

const INSTANCES = "select * from task_instance where dag_run_id = ?";
const XCOMS = "select task_id, map_index, key, digest, size_bytes from xcom where dag_run_id = ?";

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
    }) as DagRunRow[];
    return rows.sort((a, b) => a.id - b.id).map((row) => loadRun(connection, row));
  });
}

function loadRun(connection: SqliteConnection, row: DagRunRow): ClaimedRun {
  const instances = connection.statement(INSTANCES).all(row.id) as TaskInstanceTable[];
  const xcoms = connection.statement(XCOMS).all(row.id) as XComTable[];
  return { run: toDagRun(row), instances: instances.map(toTaskInstance), xcoms: xcoms.map(toXCom) };
}
