// The scopes of cache records. Frozen: never edit, add another migration.

import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

/**
 * The scope that made a record, `default` for all earlier ones. Its key begins with the scope and a colon in every other
 * scope, so that (team, scope, key) is unique. The indexes of sums have it, so that they are read alone.
 */
export function scopes({ text }: SchemaDialect): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .alterTable("cache_record")
        .addColumn("scope", text, (column) => column.notNull().defaultTo("default"))
        .execute();
      await db.schema.dropIndex("cache_record_by_task").execute();
      await db.schema
        .createIndex("cache_record_by_task")
        .on("cache_record")
        .columns(["team", "dag_id", "task_id", "created_at", "size_bytes", "scope"])
        .execute();
      await db.schema.dropIndex("cache_record_by_use").execute();
      await db.schema
        .createIndex("cache_record_by_use")
        .on("cache_record")
        .expression(sql`(coalesce(last_hit_at, created_at))`)
        .columns(["size_bytes", "scope"])
        .execute();
    },
  };
}
