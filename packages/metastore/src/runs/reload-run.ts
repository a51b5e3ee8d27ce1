// Loads a run that is held once more, for its holder: it was changed by another process.

import type { ClaimedRun } from "@memodag/core";
import { sql } from "kysely";
import type { Dialect } from "../dialect.ts";
import { statement } from "../transaction-script.ts";
import { toClaimedRun } from "../rows/claimed-run.ts";

/** See the port. */
export async function reloadRun(
  dialect: Dialect,
  owner: string,
  leaseMs: number,
  runId: number,
): Promise<ClaimedRun | undefined> {
  const { kysely, now } = dialect;
  return await dialect.transaction(function* () {
    const [row] = yield* statement(
      kysely
        .updateTable("dag_run")
        .set({ lease_expires_at: sql<number>`${now} + ${sql.lit(leaseMs)}` })
        .where("id", "=", runId)
        .where("lease_owner", "=", owner)
        .where("state", "in", ["queued", "running"])
        .returningAll(),
    );
    if (!row) return undefined;
    const instances = yield* statement(
      kysely.selectFrom("task_instance").selectAll().where("dag_run_id", "=", runId),
    );
    const xcoms = yield* statement(kysely.selectFrom("xcom").selectAll().where("dag_run_id", "=", runId));
    return toClaimedRun(row, instances, xcoms);
  });
}
