// Outcomes of attempts on other machines that are too large to be held whole. Frozen: never edit, add another migration.

import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

/** Parts go with their attempt. `remote_attempt.outcome_upload` names those that are its outcome. */
export function outcomeParts({ text, integer, bytes }: SchemaDialect): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema.alterTable("remote_attempt").addColumn("outcome_upload", text).execute();
      await db.schema
        .createTable("outcome_part")
        .addColumn("attempt_id", text, (column) => column.notNull())
        .addColumn("upload", text, (column) => column.notNull())
        .addColumn("place", integer, (column) => column.notNull())
        .addColumn("bytes", bytes, (column) => column.notNull())
        .addPrimaryKeyConstraint("outcome_part_pk", ["attempt_id", "upload", "place"])
        .addForeignKeyConstraint(
          "outcome_part_attempt",
          ["attempt_id"],
          "remote_attempt",
          ["attempt_id"],
          (reference) => reference.onDelete("cascade"),
        )
        .execute();
    },
  };
}
