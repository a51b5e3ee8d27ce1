// Where the latest attempt at an instance runs or ran. Frozen: never edit, add another migration.

import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

/** The host and process, or the name of the worker host of another machine. */
export function instanceWorkers({ text }: SchemaDialect): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema.alterTable("task_instance").addColumn("worker", text).execute();
    },
  };
}
