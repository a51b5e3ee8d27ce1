// Dags, runs, task instances, XComs and the bytes of results. Frozen: never edit, add another migration.

import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

/** Tables of Dags and their runs. */
export function runs(types: SchemaDialect): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await createDagTables(db, types);
      await createRunTables(db, types);
      await createResultTables(db, types);
    },
  };
}

async function createDagTables(db: Kysely<unknown>, types: SchemaDialect): Promise<void> {
  const { text, integer, bytes } = types;
  await db.schema
    .createTable("dag_file")
    .addColumn("bundle", text, (column) => column.notNull())
    .addColumn("path", text, (column) => column.notNull())
    .addColumn("team", text, (column) => column.notNull())
    .addColumn("fingerprint", text, (column) => column.notNull())
    .addColumn("inputs", text, (column) => column.notNull())
    .addColumn("error", text)
    .addColumn("warnings", text, (column) => column.notNull())
    .addColumn("processed_at", integer, (column) => column.notNull())
    .addPrimaryKeyConstraint("dag_file_pk", ["bundle", "path"])
    .execute();

  await db.schema
    .createTable("dag_artifact")
    .addColumn("digest", text, (column) => column.notNull().primaryKey())
    .addColumn("code", bytes, (column) => column.notNull())
    .addColumn("created_at", integer, (column) => column.notNull())
    .execute();

  await types
    .withIdentity(db.schema.createTable("dag_version"))
    .addColumn("team", text, (column) => column.notNull())
    .addColumn("dag_id", text, (column) => column.notNull())
    .addColumn("digest", text, (column) => column.notNull())
    .addColumn("dag", text, (column) => column.notNull())
    .addColumn("artifact_digest", text, (column) => column.notNull().references("dag_artifact.digest"))
    .addColumn("bundle", text, (column) => column.notNull())
    .addColumn("path", text, (column) => column.notNull())
    .addColumn("schedule", text)
    .addColumn("tags", text, (column) => column.notNull())
    .addColumn("task_count", integer, (column) => column.notNull())
    .addColumn("created_at", integer, (column) => column.notNull())
    .addUniqueConstraint("dag_version_content", ["team", "dag_id", "digest"])
    .execute();

  await db.schema
    .createTable("dag")
    .addColumn("team", text, (column) => column.notNull())
    .addColumn("dag_id", text, (column) => column.notNull())
    .addColumn("bundle", text, (column) => column.notNull())
    .addColumn("path", text, (column) => column.notNull())
    .addColumn("version_id", types.integer, (column) => column.notNull().references("dag_version.id"))
    .addColumn("is_paused", integer, (column) => column.notNull().defaultTo(0))
    .addColumn("is_active", integer, (column) => column.notNull().defaultTo(1))
    .addPrimaryKeyConstraint("dag_pk", ["team", "dag_id"])
    .execute();
  await db.schema.createIndex("dag_by_file").on("dag").columns(["bundle", "path"]).execute();
  await db.schema.createIndex("dag_by_id").on("dag").columns(["dag_id"]).execute();
}

async function createRunTables(db: Kysely<unknown>, types: SchemaDialect): Promise<void> {
  const { text, integer, real } = types;
  await types
    .withIdentity(db.schema.createTable("dag_run"))
    .addColumn("team", text, (column) => column.notNull())
    .addColumn("dag_id", text, (column) => column.notNull())
    .addColumn("run_id", text, (column) => column.notNull())
    .addColumn("run_type", text, (column) => column.notNull())
    .addColumn("dag_version_id", integer, (column) => column.notNull().references("dag_version.id"))
    .addColumn("state", text, (column) => column.notNull())
    .addColumn("logical_date", integer)
    .addColumn("data_interval_start", integer)
    .addColumn("data_interval_end", integer)
    .addColumn("conf", text, (column) => column.notNull())
    .addColumn("params", text, (column) => column.notNull())
    .addColumn("cache_mode", text, (column) => column.notNull())
    .addColumn("created_at", integer, (column) => column.notNull())
    .addColumn("started_at", integer)
    .addColumn("ended_at", integer)
    .addColumn("processes_spawned", integer, (column) => column.notNull().defaultTo(0))
    .addColumn("lookups", integer, (column) => column.notNull().defaultTo(0))
    .addColumn("lease_owner", text)
    .addColumn("lease_expires_at", integer)
    .addUniqueConstraint("dag_run_name", ["team", "dag_id", "run_id"])
    .execute();
  await db.schema.createIndex("dag_run_by_dag").on("dag_run").columns(["team", "dag_id", "id"]).execute();
  // Claiming and renewing look at what is unfinished; the finished, which grow for ever, cost nothing.
  await db.schema
    .createIndex("dag_run_unfinished")
    .on("dag_run")
    .column("id")
    .where(sql.ref("state"), "in", sql`('queued', 'running')`)
    .execute();

  // No reference to the run: whoever writes instances holds the run's row, and PostgreSQL's check of
  // each row would take as long as writing it.
  await types
    .clustered(db.schema.createTable("task_instance"))
    .addColumn("dag_run_id", integer, (column) => column.notNull())
    .addColumn("task_id", text, (column) => column.notNull())
    .addColumn("map_index", integer, (column) => column.notNull())
    .addColumn("state", text, (column) => column.notNull())
    .addColumn("try_number", integer, (column) => column.notNull())
    .addColumn("max_tries", integer, (column) => column.notNull())
    .addColumn("attempt_id", text)
    .addColumn("cache_status", text)
    .addColumn("cache_reason", text)
    .addColumn("cache_key", text)
    .addColumn("producer_run_id", text)
    .addColumn("producer_map_index", integer)
    .addColumn("producer_try_number", integer)
    .addColumn("started_at", integer)
    .addColumn("ended_at", integer)
    .addColumn("duration_ms", real)
    .addColumn("saved_ms", real)
    .addColumn("retry_at", integer)
    .addColumn("error_code", text)
    .addColumn("error_message", text)
    .addPrimaryKeyConstraint("task_instance_pk", ["dag_run_id", "task_id", "map_index"])
    .execute();
}

async function createResultTables(db: Kysely<unknown>, types: SchemaDialect): Promise<void> {
  const { text, integer, bytes } = types;
  await db.schema
    .createTable("result")
    .addColumn("team", text, (column) => column.notNull())
    .addColumn("digest", text, (column) => column.notNull())
    .addColumn("size_bytes", integer, (column) => column.notNull())
    .addColumn("created_at", integer, (column) => column.notNull())
    .addColumn("bytes", bytes, (column) => column.notNull())
    .addPrimaryKeyConstraint("result_pk", ["team", "digest"])
    .execute();

  // The reference keeps bytes from going while a run still shows them.
  await types
    .clustered(db.schema.createTable("xcom"))
    .addColumn("dag_run_id", integer, (column) => column.notNull())
    .addColumn("task_id", text, (column) => column.notNull())
    .addColumn("map_index", integer, (column) => column.notNull())
    .addColumn("key", text, (column) => column.notNull())
    .addColumn("team", text, (column) => column.notNull())
    .addColumn("digest", text, (column) => column.notNull())
    .addColumn("size_bytes", integer, (column) => column.notNull())
    .addPrimaryKeyConstraint("xcom_pk", ["dag_run_id", "task_id", "map_index", "key"])
    .addForeignKeyConstraint("xcom_result", ["team", "digest"], "result", ["team", "digest"])
    .execute();
  await db.schema.createIndex("xcom_by_result").on("xcom").columns(["team", "digest"]).execute();
}
