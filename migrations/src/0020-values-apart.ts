// Values apart from rows: which store holds an XCom's value, and bytes of any size in pieces. Frozen: never
// edit, add another migration.

import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

/**
 * An XCom's value is either in the table `result`, under `digest`, or in the store named, under `stored_digest`;
 * then `digest` is null and refers to nothing. Every row of before is of the first kind.
 */
export function valuesApart(types: SchemaDialect): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      if (types.canAlterColumns) await alterXComs(db, types);
      else await rebuildXComs(db, types);
      await db.schema
        .createIndex("xcom_by_store")
        .on("xcom")
        .columns(["team", "stored_digest"])
        .where(sql.ref("store"), "is not", null)
        .execute();
      await createByteTables(db, types);
    },
  };
}

async function alterXComs(db: Kysely<unknown>, { text }: SchemaDialect): Promise<void> {
  await db.schema
    .alterTable("xcom")
    .alterColumn("digest", (column) => column.dropNotNull())
    .addColumn("store", text)
    .addColumn("stored_digest", text)
    .execute();
}

async function rebuildXComs(db: Kysely<unknown>, types: SchemaDialect): Promise<void> {
  const { text, integer } = types;
  await types
    .clustered(db.schema.createTable("xcom_rebuilt"))
    .addColumn("dag_run_id", integer, (column) => column.notNull())
    .addColumn("task_id", text, (column) => column.notNull())
    .addColumn("map_index", integer, (column) => column.notNull())
    .addColumn("key", text, (column) => column.notNull())
    .addColumn("team", text, (column) => column.notNull())
    .addColumn("digest", text)
    .addColumn("size_bytes", integer, (column) => column.notNull())
    .addColumn("store", text)
    .addColumn("stored_digest", text)
    .addPrimaryKeyConstraint("xcom_pk", ["dag_run_id", "task_id", "map_index", "key"])
    .addForeignKeyConstraint("xcom_result", ["team", "digest"], "result", ["team", "digest"])
    .execute();
  await sql`
    insert into xcom_rebuilt (dag_run_id, task_id, map_index, key, team, digest, size_bytes)
    select dag_run_id, task_id, map_index, key, team, digest, size_bytes from xcom`.execute(db);
  await db.schema.dropTable("xcom").execute();
  await db.schema.alterTable("xcom_rebuilt").renameTo("xcom").execute();
  await db.schema.createIndex("xcom_by_result").on("xcom").columns(["team", "digest"]).execute();
}

/** An object is read once it is whole; one that never became so was being written by a process that was killed. */
async function createByteTables(db: Kysely<unknown>, types: SchemaDialect): Promise<void> {
  const { text, integer, bytes } = types;
  await types
    .withIdentity(db.schema.createTable("byte_object"))
    .addColumn("team", text, (column) => column.notNull())
    .addColumn("name", text, (column) => column.notNull())
    .addColumn("size_bytes", integer, (column) => column.notNull())
    .addColumn("sha256", text, (column) => column.notNull())
    .addColumn("is_whole", integer, (column) => column.notNull())
    .addColumn("created_at", integer, (column) => column.notNull())
    .execute();
  await db.schema
    .createIndex("byte_object_whole")
    .unique()
    .on("byte_object")
    .columns(["team", "name"])
    .where(sql.ref("is_whole"), "=", sql`1`)
    .execute();
  await db.schema
    .createIndex("byte_object_unfinished")
    .on("byte_object")
    .column("created_at")
    .where(sql.ref("is_whole"), "=", sql`0`)
    .execute();
  await db.schema
    .createTable("byte_piece")
    .addColumn("object_id", integer, (column) => column.notNull())
    .addColumn("place", integer, (column) => column.notNull())
    .addColumn("bytes", bytes, (column) => column.notNull())
    .addPrimaryKeyConstraint("byte_piece_pk", ["object_id", "place"])
    .addForeignKeyConstraint("byte_piece_object", ["object_id"], "byte_object", ["id"], (reference) =>
      reference.onDelete("cascade"),
    )
    .execute();
}
