// What runs came to. Frozen: never edit, add another migration.

import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

/**
 * Sums of the instances of a run that has ended, and of each of its tasks as JSON. Runs from before have the former
 * alone: what its tasks came to is summed up when it is asked for.
 */
export function runSums(types: SchemaDialect): Migration {
  const { text, integer, real } = types;
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      const columns = { hits: integer, ran: integer, failed: integer, saved_ms: real, worked_ms: real };
      for (const [name, type] of Object.entries(columns))
        await db.schema.alterTable("dag_run").addColumn(name, type).execute();
      await db.schema
        .createTable("run_summary")
        .addColumn("dag_run_id", integer, (column) => column.notNull().primaryKey())
        .addColumn("tasks", text, (column) => column.notNull())
        .execute();
      await sql`
        update dag_run set (hits, ran, failed, saved_ms, worked_ms) = (
          select coalesce(sum(case when cache_status = 'hit' then 1 else 0 end), 0),
            coalesce(sum(case when cache_status is distinct from 'hit' and started_at is not null then 1 else 0 end), 0),
            coalesce(sum(case when state = 'failed' then 1 else 0 end), 0),
            coalesce(sum(saved_ms), 0),
            coalesce(sum(case when cache_status is distinct from 'hit' then duration_ms end), 0)
          from task_instance where dag_run_id = dag_run.id)
        where ended_at is not null`.execute(db);
    },
  };
}
