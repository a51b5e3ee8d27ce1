// The slots of pools that tasks take.

import type { PoolUse } from "@memodag/core";
import type { Dialect } from "../dialect.ts";

/** See the port. The table has only what is queued or running. */
export async function listPoolUse({ kysely }: Dialect): Promise<PoolUse[]> {
  const rows = await kysely
    .selectFrom("active_task")
    .select(["pool", "team", "dag_id"])
    .select(({ fn }) => fn.sum<number | string>("slots").as("slots"))
    .groupBy(["pool", "team", "dag_id"])
    .orderBy("pool")
    .orderBy("team")
    .orderBy("dag_id")
    .execute();
  return rows.map(({ pool, team, dag_id: dagId, slots }) => ({ pool, team, dagId, slots: Number(slots) }));
}
