// Requests of tasks to people, and the answers. Frozen: never edit, add another migration.

import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

/** The latest request of each instance. */
export function humanRequests({ text, integer }: SchemaDialect): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable("human_request")
        .addColumn("dag_run_id", integer, (column) => column.notNull())
        .addColumn("task_id", text, (column) => column.notNull())
        .addColumn("map_index", integer, (column) => column.notNull())
        .addColumn("try_number", integer, (column) => column.notNull())
        .addColumn("digest", text, (column) => column.notNull())
        .addColumn("request", text, (column) => column.notNull())
        .addColumn("asked_at", integer, (column) => column.notNull())
        .addColumn("timeout_ms", integer)
        .addColumn("answered_at", integer)
        .addColumn("response", text)
        .addPrimaryKeyConstraint("human_request_pk", ["dag_run_id", "task_id", "map_index"])
        .execute();
      await db.schema
        .createIndex("human_request_open")
        .on("human_request")
        .column("asked_at")
        .where(sql.ref("response"), "is", null)
        .execute();
    },
  };
}
