// Counters of the cache, what is known of results that differ, and what collection looks things up by.
// Frozen: never edit, add another migration.

import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

const COUNTS = [
  "hits",
  "misses",
  "unusable",
  "populated",
  "refreshes",
  "uncacheable",
  "lookup_timeouts",
  "lookup_failures",
  "put_failures",
  "nondeterministic",
  "stored_bytes",
  "lookups",
] as const;

const DURATIONS = ["lookup_ms", "lookup_max_ms", "saved_ms"] as const;

/** The table of counters, columns that tell of differing results, and indexes for collection. */
export function cacheCounters(types: SchemaDialect): Migration {
  const { text, integer, real } = types;
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      let table = db.schema
        .createTable("cache_counter")
        .addColumn("team", text, (column) => column.notNull())
        .addColumn("dag_id", text, (column) => column.notNull())
        .addColumn("task_id", text, (column) => column.notNull())
        .addPrimaryKeyConstraint("cache_counter_pk", ["team", "dag_id", "task_id"]);
      for (const name of COUNTS) {
        table = table.addColumn(name, integer, (column) => column.notNull().defaultTo(0));
      }
      for (const name of DURATIONS) {
        table = table.addColumn(name, real, (column) => column.notNull().defaultTo(0));
      }
      await table.execute();

      // One statement a column: SQLite adds no two at once.
      const records = () => db.schema.alterTable("cache_record");
      await records()
        .addColumn("differing_count", integer, (column) => column.notNull().defaultTo(0))
        .execute();
      await records().addColumn("differing_digest", text).execute();
      await records().addColumn("differing_run_id", text).execute();
      await records().addColumn("differing_at", integer).execute();

      // Least recently used first, with sizes, so that a quota is looked after from the index alone. It
      // makes counting hits dearer, which happens off every run's path; sorting all records to evict some
      // would hold others up.
      await db.schema
        .createIndex("cache_record_by_use")
        .on("cache_record")
        .expression(sql`(coalesce(last_hit_at, created_at))`)
        .column("size_bytes")
        .execute();

      // What refers to a version or an artifact is asked for each that may go.
      await db.schema.createIndex("dag_run_by_version").on("dag_run").column("dag_version_id").execute();
      await db.schema.createIndex("dag_by_version").on("dag").column("version_id").execute();
      await db.schema
        .createIndex("dag_version_by_artifact")
        .on("dag_version")
        .column("artifact_digest")
        .execute();
      // Their ages stand behind texts and code that would be read to get there.
      await db.schema.createIndex("dag_version_by_age").on("dag_version").column("created_at").execute();
      await db.schema
        .createIndex("dag_artifact_by_age")
        .on("dag_artifact")
        .columns(["created_at", "digest"])
        .execute();
    },
  };
}
