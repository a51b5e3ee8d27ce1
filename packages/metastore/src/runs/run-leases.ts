// Leases of runs, apart from how one is taken: who has any, and how they are kept and given back.

import { sql } from "kysely";
import type { Dialect } from "../dialect.ts";

/** States of a run that has a lease; spelled out, so that the index on unfinished runs is used. */
const isUnfinished = sql<boolean>`state in ('queued', 'running')`;

/** The owners of all leases; see the port. */
export async function listLeaseOwners({ kysely }: Dialect): Promise<string[]> {
  const rows = await kysely
    .selectFrom("dag_run")
    .select("lease_owner")
    .distinct()
    .where(isUnfinished)
    .where("lease_owner", "is not", null)
    .orderBy("lease_owner")
    .$narrowType<{ lease_owner: string }>()
    .execute();
  return rows.map((row) => row.lease_owner);
}

/** Renews all leases of an owner and gives their runs; see the port. */
export async function renewLeases(
  { kysely, now }: Dialect,
  owner: string,
  leaseMs: number,
): Promise<number[]> {
  const rows = await kysely
    .updateTable("dag_run")
    .set({ lease_expires_at: sql<number>`${now} + ${sql.lit(leaseMs)}` })
    .where(isUnfinished)
    .where("lease_owner", "=", owner)
    .returning("id")
    .execute();
  return rows.map((row) => row.id).sort((a, b) => a - b);
}

/** Gives back leases of an owner, all of them unless runs are named; see the port. */
export async function releaseLeases(
  { kysely }: Dialect,
  owner: string,
  runIds?: readonly number[],
): Promise<void> {
  await kysely
    .updateTable("dag_run")
    .set({ lease_owner: null, lease_expires_at: null })
    .where("lease_owner", "=", owner)
    // Named runs may have ended; of the others, the ended ones are many and their leases mean nothing.
    .$if(runIds === undefined, (query) => query.where(isUnfinished))
    .$if(runIds !== undefined, (query) => query.where("id", "in", [...(runIds ?? []), -1]))
    .execute();
}
