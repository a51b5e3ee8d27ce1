// Conditions under which a run may be removed.

import { sql, type Expression, type ExpressionBuilder, type RawBuilder, type SqlBool } from "kysely";
import type { Dialect } from "../dialect.ts";
import type { Schema } from "../tables/schema.ts";

/** The condition that a run has ended. */
export const hasEnded: RawBuilder<SqlBool> = sql<SqlBool>`(dag_run.state in ('success', 'failed'))`;

/**
 * The condition that a run has ended, with its attempts, its transactions and its callbacks. Those of a transaction are
 * owed once it has ended, which is after a run that was cancelled.
 */
export function isOver({ now }: Dialect): (run: ExpressionBuilder<Schema, "dag_run">) => Expression<SqlBool> {
  return (run) =>
    run.and([
      hasEnded,
      run.or([run("lease_owner", "is", null), run("lease_expires_at", "<=", now)]),
      run.not(
        run.exists(
          run
            .selectFrom("owed_callback")
            .select("owed_callback.id")
            .whereRef("owed_callback.dag_run_id", "=", "dag_run.id"),
        ),
      ),
      run.not(
        run.exists(
          run
            .selectFrom("staged_member")
            .select("staged_member.task_id")
            .whereRef("staged_member.dag_run_id", "=", "dag_run.id"),
        ),
      ),
    ]);
}

/**
 * The condition that a run is neither the latest nor the latest successful one of its Dag, or that no file defines its
 * Dag any more. These two have names (`latest`), are what `--only` takes results from, and whose keys are looked up
 * ahead. The index of a Dag's runs is read from the newest; PostgreSQL makes a join of `exists (… newer.id > dag_run.id)`
 * that compares all runs with all others.
 */
export const isSuperseded: RawBuilder<SqlBool> = sql<SqlBool>`(dag_run.id < (
    select newer.id from dag_run as newer
    where newer.team = dag_run.team and newer.dag_id = dag_run.dag_id
      and newer.state in ('success', dag_run.state)
    order by newer.id desc limit 1
  ) or not exists (
    select 1 from dag where dag.team = dag_run.team and dag.dag_id = dag_run.dag_id and dag.is_active = 1))`;
