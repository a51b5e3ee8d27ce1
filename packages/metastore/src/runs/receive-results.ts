// Gives a new run copies of what the tasks upstream of its only task left in an earlier run: XComs and entries by
// reference, and their instances as `skipped`. Bytes stay where they are.

import {
  chunksOf,
  MemodagError,
  NOT_SELECTED,
  notSelected,
  RETURN_VALUE,
  type EarlierResults,
  type NewDagRun,
  type RequiredResult,
  type StoredError,
} from "@memodag/core";
import { sql, type RawBuilder } from "kysely";
import type { Dialect } from "../dialect.ts";
import { isLive } from "../entries/entry-rows.ts";
import { statement, type TransactionScript } from "../transaction-script.ts";
import { insertRun, type InsertOutcome } from "./create-run.ts";
import { newInstanceRow } from "./new-instance-row.ts";

/** An earlier run. */
interface SourceRun {
  readonly id: number;
  readonly run_id: string;
}

const ROWS_A_STATEMENT = 500;

/**
 * Writes a run of one task, as {@link insertRun} does, with what it receives of an earlier run.
 * @throws MemodagError `xcom_not_found`
 */
export function* insertReceiving(
  dialect: Dialect,
  run: NewDagRun,
  receives: EarlierResults,
): TransactionScript<InsertOutcome> {
  const from = yield* lockSource(dialect, run, receives);
  const { selection } = run;
  if (!from || !selection || !("only" in selection)) return yield* insertRun(dialect, run);
  const inserted = yield* insertRun(dialect, {
    ...run,
    selection: { ...selection, inputsFrom: from.run_id },
  });
  if (inserted.kind === "made")
    yield* copyResults(dialect, { from, runId: inserted.row.id }, receives, notSelected(selection));
  return inserted;
}

/**
 * Finds the latest finished run that has the required results, and locks it until the transaction ends: none of them
 * can be cleared before it is copied. Undefined if nothing is required and no run has finished.
 * @throws MemodagError `xcom_not_found`
 */
function* lockSource(
  dialect: Dialect,
  run: NewDagRun,
  { required }: EarlierResults,
): TransactionScript<SourceRun | undefined> {
  const { kysely } = dialect;
  for (;;) {
    const found = yield* findSource(dialect, run, required);
    if (!found && required.length === 0) return undefined;
    if (!found) throw noSource(run, required);
    yield* statement(
      kysely
        .updateTable("dag_run")
        .set((row) => ({ hand_count: row.ref("hand_count") }))
        .where("id", "=", found.id),
    );
    // It may have been changed before it was locked.
    const latest = yield* findSource(dialect, run, required);
    if (latest?.id === found.id) return found;
  }
}

function* findSource(
  { kysely }: Dialect,
  { team, dagId }: NewDagRun,
  required: readonly RequiredResult[],
): TransactionScript<SourceRun | undefined> {
  const [found] = yield* statement(
    kysely
      .selectFrom("dag_run")
      .select(["id", "run_id"])
      .where("team", "=", team)
      .where("dag_id", "=", dagId)
      .where("state", "in", ["success", "failed"])
      .where("xcoms_removed_at", "is", null)
      .$if(required.length > 0, (query) => query.where(hasResults(required)))
      .orderBy("id", "desc")
      .limit(1),
  );
  return found;
}

/**
 * The condition that a run has results of all the tasks. A state that was set manually has none. A task that is mapped
 * now and was not then, or the other way round, returned something else than it would now.
 */
function hasResults(required: readonly RequiredResult[]): RawBuilder<boolean> {
  // No task has an empty id; SQL has no empty list.
  const ids = (some: readonly RequiredResult[]) => sql.join(["", ...some.map(({ taskId }) => taskId)]);
  return sql<boolean>`(
    select count(distinct task_id) from task_instance
    where dag_run_id = dag_run.id and task_id in (${ids(required)})
  ) = ${sql.lit(required.length)} and not exists (
    select 1 from task_instance as instance
    where dag_run_id = dag_run.id and task_id in (${ids(required)}) and not (
      state = 'success'
      and (map_index >= 0) = (task_id in (${ids(required.filter(({ isMapped }) => isMapped))}))
      and exists (
        select 1 from xcom
        where xcom.dag_run_id = instance.dag_run_id and xcom.task_id = instance.task_id
          and xcom.map_index = instance.map_index and xcom.key = ${RETURN_VALUE}
      )
      or state = 'skipped' and error_code is distinct from ${NOT_SELECTED}
      and task_id in (${ids(required.filter(({ isList }) => !isList))})
    )
  )`;
}

function noSource({ team, dagId, selection }: NewDagRun, required: readonly RequiredResult[]): MemodagError {
  const taskId = selection && "only" in selection ? selection.only : "";
  const results = required.map((one) => `"${one.taskId}"`).join(", ");
  return new MemodagError(
    "xcom_not_found",
    `Task "${taskId}" takes the result of ${results}, and no finished run of Dag "${dagId}" has ` +
      `${required.length === 1 ? "it" : "all of them"}: use --until ${taskId}, which runs what is upstream as well, ` +
      "from the cache where it can",
    { fields: { team, dagId, taskId } },
  );
}

/** Copies what tasks left in an earlier run into a new one, in which they are skipped with an error. */
function* copyResults(
  { kysely, now }: Dialect,
  { from, runId }: { readonly from: SourceRun; readonly runId: number },
  { upstream }: EarlierResults,
  error: StoredError,
): TransactionScript<void> {
  if (upstream.length === 0) return;
  const instances = yield* statement(
    kysely
      .selectFrom("task_instance")
      .select(["task_id", "map_index"])
      .where("dag_run_id", "=", from.id)
      .where("task_id", "in", [...upstream])
      .where("state", "!=", "removed"),
  );
  // Each instance of a mapped task keeps its place, whether or not it has a result.
  for (const some of chunksOf(instances, ROWS_A_STATEMENT)) {
    const rows = some.map(({ task_id, map_index }) => ({
      ...newInstanceRow(runId, task_id),
      map_index,
      state: "skipped",
      ended_at: now,
      error_code: error.code,
      error_message: error.message,
    }));
    yield* statement(kysely.insertInto("task_instance").values(rows));
  }
  const run = sql.lit(runId).as("run");
  const xcom = [
    "task_id",
    "map_index",
    "key",
    "team",
    "digest",
    "size_bytes",
    "store",
    "stored_digest",
  ] as const;
  yield* statement(
    kysely
      .insertInto("xcom")
      .columns(["dag_run_id", ...xcom])
      .expression((copied) =>
        copied
          .selectFrom("xcom")
          .select([run, ...xcom])
          .where("dag_run_id", "=", from.id)
          .where("task_id", "in", [...upstream]),
      ),
  );
  const entry = ["team", "cache", "key", "blob_id", "task_id", "map_index"] as const;
  const times = ["is_pending", "saved_at", "ttl_ms", "expires_at"] as const;
  yield* statement(
    kysely
      .insertInto("cache_entry")
      .columns(["dag_run_id", "scope_id", "attempt_id", ...entry, ...times])
      .expression((copied) =>
        copied
          .selectFrom("cache_entry")
          .select([run, sql.lit(String(runId)).as("scope"), sql.lit("").as("attempt"), ...entry, ...times])
          .where("dag_run_id", "=", from.id)
          .where("task_id", "in", [...upstream])
          // Caches that runs share have theirs already.
          .where("scope_id", "=", String(from.id))
          .where("is_pending", "=", 0)
          .where(isLive(now)),
      ),
  );
}
