// Entries of job caches: names, and the bytes that they stand for. Frozen: never edit, add another migration.

import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

/**
 * `blob` lists bytes that stores hold and something names; `loose_blob` those that may exist and nothing names: about
 * to be written, or to be deleted. An object's name is never used twice, so deleting one cannot hit another.
 */
export function entries(types: SchemaDialect): Migration {
  const { text, integer } = types;
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await createBlobTables(db, types);
      await createEntryTable(db, types);
      await db.schema.alterTable("cache_record").addColumn("entries", text).execute();
      await types
        .clustered(db.schema.createTable("cache_record_blob"))
        .addColumn("team", text, (column) => column.notNull())
        .addColumn("key", text, (column) => column.notNull())
        .addColumn("blob_id", integer, (column) => column.notNull())
        .addPrimaryKeyConstraint("cache_record_blob_pk", ["team", "key", "blob_id"])
        .addForeignKeyConstraint(
          "cache_record_blob_record",
          ["team", "key"],
          "cache_record",
          ["team", "key"],
          (reference) => reference.onDelete("cascade"),
        )
        .addForeignKeyConstraint("cache_record_blob_blob", ["blob_id"], "blob", ["id"])
        .execute();
      await db.schema
        .createIndex("cache_record_blob_by_blob")
        .on("cache_record_blob")
        .column("blob_id")
        .execute();
      await db.schema
        .alterTable("dag_run")
        .addColumn("bytes_moved", integer, (column) => column.notNull().defaultTo(0))
        .execute();
    },
  };
}

async function createBlobTables(db: Kysely<unknown>, types: SchemaDialect): Promise<void> {
  const { text, integer } = types;
  await types
    .withIdentity(db.schema.createTable("blob"))
    .addColumn("team", text, (column) => column.notNull())
    .addColumn("store", text, (column) => column.notNull())
    .addColumn("digest", text, (column) => column.notNull())
    .addColumn("size_bytes", integer, (column) => column.notNull())
    .addColumn("name", text, (column) => column.notNull())
    .addColumn("named_at", integer, (column) => column.notNull())
    .addUniqueConstraint("blob_content", ["team", "digest", "store"])
    .execute();
  await db.schema.createIndex("blob_by_age").on("blob").columns(["named_at", "id"]).execute();
  await db.schema
    .createTable("loose_blob")
    .addColumn("team", text, (column) => column.notNull())
    .addColumn("store", text, (column) => column.notNull())
    .addColumn("name", text, (column) => column.notNull())
    .addColumn("delete_after", integer, (column) => column.notNull())
    .addPrimaryKeyConstraint("loose_blob_pk", ["team", "store", "name"])
    .execute();
  await db.schema.createIndex("loose_blob_by_age").on("loose_blob").column("delete_after").execute();
}

/** A pending entry is seen by its attempt alone. Without a blob it removes its key when it becomes visible. */
async function createEntryTable(db: Kysely<unknown>, types: SchemaDialect): Promise<void> {
  const { text, integer } = types;
  await types
    .withIdentity(db.schema.createTable("cache_entry"))
    .addColumn("team", text, (column) => column.notNull())
    .addColumn("cache", text, (column) => column.notNull())
    .addColumn("scope_id", text, (column) => column.notNull())
    .addColumn("key", text, (column) => column.notNull())
    .addColumn("blob_id", integer)
    .addColumn("dag_run_id", integer, (column) => column.notNull())
    .addColumn("task_id", text, (column) => column.notNull())
    .addColumn("map_index", integer, (column) => column.notNull())
    .addColumn("attempt_id", text, (column) => column.notNull())
    .addColumn("is_pending", integer, (column) => column.notNull())
    .addColumn("saved_at", integer, (column) => column.notNull())
    .addColumn("ttl_ms", integer)
    .addColumn("expires_at", integer)
    .addForeignKeyConstraint("cache_entry_blob", ["blob_id"], "blob", ["id"])
    .execute();
  await db.schema
    .createIndex("cache_entry_visible")
    .unique()
    .on("cache_entry")
    .columns(["team", "cache", "scope_id", "key"])
    .where(sql.ref("is_pending"), "=", sql`0`)
    .execute();
  await db.schema
    .createIndex("cache_entry_pending")
    .unique()
    .on("cache_entry")
    .columns(["attempt_id", "cache", "key"])
    .where(sql.ref("is_pending"), "=", sql`1`)
    .execute();
  await db.schema.createIndex("cache_entry_by_attempt").on("cache_entry").column("attempt_id").execute();
  await db.schema
    .createIndex("cache_entry_by_instance")
    .on("cache_entry")
    .columns(["dag_run_id", "task_id", "map_index"])
    .execute();
  await db.schema.createIndex("cache_entry_by_blob").on("cache_entry").column("blob_id").execute();
  await db.schema
    .createIndex("cache_entry_by_expiry")
    .on("cache_entry")
    .column("expires_at")
    .where(sql.ref("expires_at"), "is not", null)
    .execute();
}
