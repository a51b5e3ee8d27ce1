// Which results may be in stores that are not listed. Frozen: never edit, add another migration.

import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

/**
 * A row is written before the bytes are. With `condemned_at` they are being deleted, and may not be written. Of bytes of
 * before, those that XComs refer to are known; verification finds the others.
 */
export function writtenResults({ text, integer, clustered }: SchemaDialect): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await clustered(db.schema.createTable("written_result"))
        .addColumn("store", text, (column) => column.notNull())
        .addColumn("team", text, (column) => column.notNull())
        .addColumn("digest", text, (column) => column.notNull())
        .addColumn("size_bytes", integer, (column) => column.notNull())
        .addColumn("written_at", integer, (column) => column.notNull())
        .addColumn("condemned_at", integer)
        .addPrimaryKeyConstraint("written_result_pk", ["store", "team", "digest"])
        .execute();
      await sql`
        insert into written_result (store, team, digest, size_bytes, written_at)
        select store, team, stored_digest, max(size_bytes), 0 from xcom
        where store is not null and store not in ('filesystem', 'database')
        group by store, team, stored_digest`.execute(db);
    },
  };
}
