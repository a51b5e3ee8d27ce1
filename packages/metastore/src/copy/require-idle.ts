// Refuses to copy a database that a scheduler works on: what it writes afterwards would be missing from the copy.

import { MemodagError } from "@memodag/core";
import { sql, type Kysely } from "kysely";
import type { Dialect } from "../dialect.ts";
import type { Schema } from "../tables/schema.ts";

/** A lease that has not expired. */
interface LiveLease {
  readonly owner: string;
  readonly dag_id: string;
  readonly run_id: string;
}

/** @throws MemodagError `database_in_use` for a lease that has not expired, and whose holder is not known to be dead */
export async function requireIdle(
  { now }: Dialect,
  db: Kysely<Schema>,
  isDeadOwner: (owner: string) => boolean,
): Promise<void> {
  const { rows } = await sql<LiveLease>`
    select lease_owner as owner, dag_id, run_id from dag_run
    where state in ('queued', 'running') and lease_owner is not null and lease_expires_at > ${now}
    union all
    select owned.owner, run.dag_id, run.run_id from owed_callback as owned
    join dag_run as run on run.id = owned.dag_run_id where owned.expires_at > ${now}
    order by 2, 3`.execute(db);
  const live = rows.find(({ owner }) => !isDeadOwner(owner));
  if (live === undefined) return;
  const { owner, dag_id: dagId, run_id: runId } = live;
  throw new MemodagError(
    "database_in_use",
    `${processOf(owner)} works on the run ${runId} of ${dagId}: stop all schedulers, and start again; the lease of a ` +
      "process that was killed expires within a minute",
    { fields: { owner, dagId, runId } },
  );
}

/** A holder's name says its process id: `place:pid:nonce`. */
function processOf(owner: string): string {
  const pid = /^[^:]+:(\d+):/.exec(owner)?.[1];
  return pid === undefined ? `the scheduler ${owner}` : `the scheduler ${owner} (process ${pid})`;
}
