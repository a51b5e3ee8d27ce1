// Records of the result cache. Frozen: never edit, add another migration.

import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

const INDEXES = {
  cache_record_by_age: ["created_at", "key"],
  cache_record_by_team_age: ["team", "created_at", "key"],
  // With the size, so that sums over tasks are read from the index alone.
  cache_record_by_task: ["team", "dag_id", "task_id", "created_at", "size_bytes"],
  cache_record_by_key: ["key"],
  cache_record_by_expiry: ["expires_at"],
  cache_record_by_source: ["source_hash"],
  cache_record_by_producer: ["producer_run_id"],
} as const;

/** Tables of cache records and of what they refer to. */
export function cacheRecords(types: SchemaDialect): Migration {
  const { text, integer, real } = types;
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable("cache_record")
        .addColumn("team", text, (column) => column.notNull())
        .addColumn("key", text, (column) => column.notNull())
        .addColumn("dag_id", text, (column) => column.notNull())
        .addColumn("task_id", text, (column) => column.notNull())
        .addColumn("source_hash", text, (column) => column.notNull())
        .addColumn("components", text, (column) => column.notNull())
        .addColumn("xcoms", text, (column) => column.notNull())
        .addColumn("result_digest", text, (column) => column.notNull())
        .addColumn("size_bytes", integer, (column) => column.notNull())
        .addColumn("producer_run_id", text, (column) => column.notNull())
        .addColumn("producer_map_index", integer, (column) => column.notNull())
        .addColumn("producer_try_number", integer, (column) => column.notNull())
        .addColumn("duration_ms", real, (column) => column.notNull())
        .addColumn("created_at", integer, (column) => column.notNull())
        .addColumn("expires_at", integer)
        .addColumn("last_hit_at", integer)
        .addColumn("hit_count", integer, (column) => column.notNull().defaultTo(0))
        .addPrimaryKeyConstraint("cache_record_pk", ["team", "key"])
        .execute();
      for (const [name, columns] of Object.entries(INDEXES)) {
        await db.schema
          .createIndex(name)
          .on("cache_record")
          .columns([...columns])
          .execute();
      }

      // Which bytes a record names. No reference to `result`: bytes may be kept in another system.
      await types
        .clustered(db.schema.createTable("cache_record_result"))
        .addColumn("team", text, (column) => column.notNull())
        .addColumn("digest", text, (column) => column.notNull())
        .addColumn("key", text, (column) => column.notNull())
        .addPrimaryKeyConstraint("cache_record_result_pk", ["team", "digest", "key"])
        .addForeignKeyConstraint(
          "cache_record_result_record",
          ["team", "key"],
          "cache_record",
          ["team", "key"],
          (reference) => reference.onDelete("cascade"),
        )
        .execute();
      await db.schema
        .createIndex("cache_record_result_by_record")
        .on("cache_record_result")
        .columns(["team", "key"])
        .execute();
    },
  };
}
