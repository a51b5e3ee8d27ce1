// Has the writers of one job cache take turns, on PostgreSQL.

import { sha256, type EntryPlace } from "@memodag/core";
import { sql } from "kysely";
import type { Dialect } from "../dialect.ts";
import type { TransactionScript } from "../transaction-script.ts";

/**
 * Locks places until the transaction ends. Without it, two transactions that save the same key could both find it free,
 * or wait for each other's rows. They are locked in one order, so that no two transactions wait for each other.
 */
export function* lockPlaces(
  { kysely }: Pick<Dialect, "kysely">,
  places: readonly EntryPlace[],
): TransactionScript<void> {
  if (places.length === 0) return;
  const locks = [...new Set(places.map(lockOf))].sort();
  yield sql`select pg_advisory_xact_lock(id) from unnest(${locks}::bigint[]) as id`.compile(kysely);
}

/** Two places may have one lock; then their writers wait without need. */
function lockOf({ team, cache, scopeId }: EntryPlace): string {
  const digest = sha256(JSON.stringify(["entries", team, cache, scopeId]));
  return BigInt.asIntN(64, BigInt(`0x${digest.slice(0, 16)}`)).toString();
}
