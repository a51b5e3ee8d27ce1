// Attempts for workers of other machines. Frozen: never edit, add another migration.

import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

/** Attempts that wait for a worker or have one, the hosts of workers, their tokens, and the logs that they send. */
export function remoteAttempts({ text, integer, bytes, withIdentity }: SchemaDialect): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable("remote_attempt")
        .addColumn("attempt_id", text, (column) => column.primaryKey().notNull())
        .addColumn("team", text, (column) => column.notNull())
        .addColumn("dag_id", text, (column) => column.notNull())
        .addColumn("run_id", text, (column) => column.notNull())
        .addColumn("task_id", text, (column) => column.notNull())
        .addColumn("map_index", integer, (column) => column.notNull())
        .addColumn("is_callback", integer, (column) => column.notNull())
        .addColumn("queue", text, (column) => column.notNull())
        .addColumn("priority", integer, (column) => column.notNull())
        .addColumn("state", text, (column) => column.notNull())
        .addColumn("order_body", text, (column) => column.notNull())
        .addColumn("worker_id", text)
        .addColumn("created_at", integer, (column) => column.notNull())
        .addColumn("started_at", integer)
        .addColumn("ended_at", integer)
        .addColumn("ended_by", text)
        .addColumn("cancel", text)
        .addColumn("outcome", bytes)
        .execute();
      await db.schema
        .createIndex("remote_attempt_worker")
        .on("remote_attempt")
        .columns(["worker_id", "state"])
        .execute();
      await db.schema
        .createTable("worker_host")
        .addColumn("id", text, (column) => column.primaryKey().notNull())
        .addColumn("name", text, (column) => column.notNull())
        .addColumn("host", text, (column) => column.notNull())
        .addColumn("pid", integer, (column) => column.notNull())
        .addColumn("queues", text, (column) => column.notNull())
        .addColumn("concurrency", integer, (column) => column.notNull())
        .addColumn("version", text, (column) => column.notNull())
        .addColumn("node", text, (column) => column.notNull())
        .addColumn("token_id", text, (column) => column.notNull())
        .addColumn("registered_at", integer, (column) => column.notNull())
        .addColumn("beat_at", integer, (column) => column.notNull())
        .addColumn("link_lost_at", integer)
        .addColumn("drains_since", integer)
        .execute();
      await db.schema
        .createTable("worker_token")
        .addColumn("id", text, (column) => column.primaryKey().notNull())
        .addColumn("name", text, (column) => column.notNull())
        .addColumn("secret_digest", text, (column) => column.notNull())
        .addColumn("queues", text)
        .addColumn("teams", text)
        .addColumn("created_at", integer, (column) => column.notNull())
        .addColumn("expires_at", integer)
        .addColumn("revoked_at", integer)
        .execute();
      await withIdentity(db.schema.createTable("attempt_log"))
        .addColumn("attempt_id", text, (column) => column.notNull())
        .addColumn("team", text, (column) => column.notNull())
        .addColumn("dag_id", text, (column) => column.notNull())
        .addColumn("run_id", text, (column) => column.notNull())
        .addColumn("task_id", text, (column) => column.notNull())
        .addColumn("map_index", integer, (column) => column.notNull())
        .addColumn("try_number", integer, (column) => column.notNull())
        .addColumn("from_byte", integer, (column) => column.notNull())
        .addColumn("size_bytes", integer, (column) => column.notNull())
        .addColumn("bytes", bytes, (column) => column.notNull())
        .addColumn("written_at", integer, (column) => column.notNull())
        .addUniqueConstraint("attempt_log_part", ["attempt_id", "from_byte"])
        .execute();
      await db.schema
        .createIndex("attempt_log_instance")
        .on("attempt_log")
        .columns(["team", "dag_id", "run_id", "task_id", "map_index", "try_number"])
        .execute();
    },
  };
}
