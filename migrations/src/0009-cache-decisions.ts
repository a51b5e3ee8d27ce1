// Why instances did not hit, which entries were removed, and indexes in whose order entries are listed.
// Frozen: never edit, add another migration.

import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

/** Tables from which a miss is explained, and indexes of `cache_record`. */
export function cacheDecisions(types: SchemaDialect): Migration {
  const { text, integer } = types;
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      // One row for each instance that asked and did not hit. It holds all that its explanation says, so
      // that nothing which happens to entries or runs later can change it.
      await db.schema
        .createTable("cache_decision")
        .addColumn("dag_run_id", integer, (column) => column.notNull())
        .addColumn("task_id", text, (column) => column.notNull())
        .addColumn("map_index", integer, (column) => column.notNull())
        .addColumn("team", text, (column) => column.notNull())
        .addColumn("dag_id", text, (column) => column.notNull())
        .addColumn("run_id", text, (column) => column.notNull())
        .addColumn("key", text, (column) => column.notNull())
        .addColumn("reason", text, (column) => column.notNull())
        .addColumn("detail", text)
        .addColumn("compared_with", text)
        .addColumn("compared_run_id", text)
        .addColumn("changes", text, (column) => column.notNull())
        .addColumn("components", text, (column) => column.notNull())
        .addColumn("decided_at", integer, (column) => column.notNull())
        .addPrimaryKeyConstraint("cache_decision_pk", ["dag_run_id", "task_id", "map_index"])
        .execute();
      // The earlier decisions about an instance of the same name, latest first.
      await db.schema
        .createIndex("cache_decision_by_instance")
        .on("cache_decision")
        .columns(["team", "dag_id", "task_id", "map_index", "decided_at"])
        .execute();
      await db.schema
        .createIndex("cache_decision_by_age")
        .on("cache_decision")
        .column("decided_at")
        .execute();

      // What became of keys that have no record any more.
      await types
        .clustered(db.schema.createTable("cache_removal"))
        .addColumn("team", text, (column) => column.notNull())
        .addColumn("key", text, (column) => column.notNull())
        .addColumn("cause", text, (column) => column.notNull())
        .addColumn("removed_at", integer, (column) => column.notNull())
        .addPrimaryKeyConstraint("cache_removal_pk", ["team", "key"])
        .execute();
      await db.schema.createIndex("cache_removal_by_age").on("cache_removal").column("removed_at").execute();

      // The first page of a listing is read from its index, however many entries there are.
      const index = (name: string) => db.schema.createIndex(name).on("cache_record");
      await index("cache_record_by_size").columns(["size_bytes", "key"]).execute();
      await index("cache_record_by_hits").columns(["hit_count", "key"]).execute();
      await index("cache_record_by_saved")
        .expression(sql`(hit_count * duration_ms)`)
        .column("key")
        .execute();
    },
  };
}
