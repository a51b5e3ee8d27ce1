// Why tasks ran, counted without reading the decisions. Frozen: never edit, add another migration.

import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** Holds all that counting the reasons of tasks needs, in the order in which they are grouped. */
export function decisionReasons(): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createIndex("cache_decision_by_reason")
        .on("cache_decision")
        .columns(["team", "dag_id", "task_id", "reason", "decided_at"])
        .execute();
    },
  };
}
