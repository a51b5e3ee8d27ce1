// Transactions of runs: how they ended, and the members whose results wait for that.

import {
  chunksOf,
  type ClaimedRun,
  type PassWrite,
  type RunTransactions,
  type RunTransactionState,
  type SavedEntry,
  type TransactionWrites,
} from "@memodag/core";
import { AbandonedPass } from "./abandoned-pass.ts";
import type { Dialect } from "./dialect.ts";
import { toClaimedRun } from "./rows/claimed-run.ts";
import { storableText } from "./storable-text.ts";
import { statement, type TransactionScript } from "./transaction-script.ts";

/** Rows of one statement: within what a statement takes of values on every database. */
const ROWS_AT_ONCE = 100;

/** See the port. */
export async function isRollingBack(
  { kysely }: Dialect,
  { team, dagId }: { readonly team: string; readonly dagId: string },
  transactionId: string,
  except: number,
): Promise<boolean> {
  const owed = await kysely
    .selectFrom("owed_callback")
    .innerJoin("dag_run", "dag_run.id", "owed_callback.dag_run_id")
    .select("owed_callback.id")
    .where("rolls_back", "=", transactionId)
    .where("dag_run.team", "=", team)
    .where("dag_run.dag_id", "=", dagId)
    .where("dag_run.id", "<>", except)
    .limit(1)
    .executeTakeFirst();
  return owed !== undefined;
}

/** See the port. */
export async function findTransactions({ kysely }: Dialect, runId: number): Promise<RunTransactions> {
  const states = await kysely
    .selectFrom("run_transaction")
    .selectAll()
    .where("dag_run_id", "=", runId)
    .execute();
  const staged = await kysely
    .selectFrom("staged_member")
    .selectAll()
    .where("dag_run_id", "=", runId)
    .orderBy("place")
    .execute();
  const owed = await kysely
    .selectFrom("owed_callback")
    .select("rolls_back")
    .distinct()
    .where("dag_run_id", "=", runId)
    .where("rolls_back", "is not", null)
    .$narrowType<{ rolls_back: string }>()
    .execute();
  return {
    states: states.map((row) => ({
      transactionId: row.transaction_id,
      state: row.state as RunTransactionState,
      reason: row.reason,
      decidedAt: row.decided_at,
    })),
    staged: staged.map((row) => ({
      taskId: row.task_id,
      mapIndex: row.map_index,
      transactionId: row.transaction_id,
      place: row.place,
      body: row.body,
      ...(row.saved !== null && { saved: JSON.parse(row.saved) as readonly SavedEntry[] }),
    })),
    rollingBack: owed.map((row) => row.rolls_back),
  };
}

/** See the port. */
export async function listUnsettled(
  { kysely, now }: Dialect,
  limit: number,
  dag?: { readonly team: string; readonly dagId: string },
): Promise<number[]> {
  const rows = await kysely
    .selectFrom("staged_member")
    .innerJoin("dag_run", "dag_run.id", "staged_member.dag_run_id")
    .select("dag_run.id")
    .distinct()
    .where("dag_run.state", "in", ["success", "failed"])
    .where((run) => run.or([run("lease_owner", "is", null), run("lease_expires_at", "<=", now)]))
    .$if(dag !== undefined, (query) =>
      query.where("dag_run.team", "=", dag?.team ?? "").where("dag_run.dag_id", "=", dag?.dagId ?? ""),
    )
    .orderBy("dag_run.id")
    .limit(limit)
    .execute();
  return rows.map((row) => row.id);
}

/** See the port. */
export async function loadEnded(dialect: Dialect, runId: number): Promise<ClaimedRun | undefined> {
  const { kysely } = dialect;
  const loaded = await dialect.transaction(function* () {
    const [row] = yield* statement(
      kysely
        .selectFrom("dag_run")
        .selectAll()
        .where("id", "=", runId)
        .where("state", "in", ["success", "failed"]),
    );
    if (!row) return undefined;
    const instances = yield* statement(
      kysely.selectFrom("task_instance").selectAll().where("dag_run_id", "=", runId),
    );
    const xcoms = yield* statement(kysely.selectFrom("xcom").selectAll().where("dag_run_id", "=", runId));
    return toClaimedRun(row, instances, xcoms);
  });
  return loaded && { ...loaded, transactions: await findTransactions(dialect, runId) };
}

/**
 * Writes the changes of a pass, in its transaction.
 * @param saved what the attempts that the pass publishes did to entries
 */
export function* writeTransactions(
  { kysely }: Pick<Dialect, "kysely">,
  { runId, transactions, entries }: PassWrite,
  saved: readonly SavedEntry[],
): TransactionScript<void> {
  if (!transactions) return;
  const attempts = new Map(
    entries?.publish.map(({ taskId, mapIndex, attemptId }) => [`${mapIndex} ${taskId}`, attemptId]),
  );
  const byAttempt = Map.groupBy(saved, ({ attemptId }) => attemptId);
  const savedBy = (taskId: string, mapIndex: number): string | null => {
    const own = byAttempt.get(attempts.get(`${mapIndex} ${taskId}`) ?? "");
    return own ? JSON.stringify(own) : null;
  };
  yield* unstage({ kysely }, runId, transactions);
  for (const some of chunksOf(transactions.staged, ROWS_AT_ONCE)) {
    const rows = some.map(({ taskId, mapIndex, transactionId, place, body }) => ({
      dag_run_id: runId,
      task_id: taskId,
      map_index: mapIndex,
      transaction_id: transactionId,
      place,
      body: body === null ? null : storableText(body),
      saved: savedBy(taskId, mapIndex),
    }));
    yield* statement(
      kysely
        .insertInto("staged_member")
        .values(rows)
        .onConflict((conflict) =>
          conflict.columns(["dag_run_id", "task_id", "map_index"]).doUpdateSet((given) => ({
            transaction_id: given.ref("excluded.transaction_id"),
            place: given.ref("excluded.place"),
            body: given.ref("excluded.body"),
            saved: given.ref("excluded.saved"),
          })),
        ),
    );
  }
  for (const some of chunksOf(transactions.states, ROWS_AT_ONCE)) {
    const rows = some.map(({ transactionId, state, reason, decidedAt }) => ({
      dag_run_id: runId,
      transaction_id: transactionId,
      state,
      reason: reason === null ? null : storableText(reason),
      decided_at: decidedAt,
    }));
    yield* statement(
      kysely
        .insertInto("run_transaction")
        .values(rows)
        .onConflict((conflict) =>
          conflict.columns(["dag_run_id", "transaction_id"]).doUpdateSet((given) => ({
            state: given.ref("excluded.state"),
            reason: given.ref("excluded.reason"),
            decided_at: given.ref("excluded.decided_at"),
          })),
        ),
    );
  }
}

function* unstage(
  { kysely }: Pick<Dialect, "kysely">,
  runId: number,
  { unstaged }: TransactionWrites,
): TransactionScript<void> {
  const byTask = Map.groupBy(unstaged, ({ taskId }) => taskId);
  for (const [taskId, ofTask] of byTask) {
    for (const some of chunksOf(ofTask, ROWS_AT_ONCE)) {
      const indexes = some.map(({ mapIndex }) => mapIndex);
      const removed = yield* statement(
        kysely
          .deleteFrom("staged_member")
          .where("dag_run_id", "=", runId)
          .where("task_id", "=", taskId)
          .where("map_index", "in", indexes)
          .returning("map_index"),
      );
      // Another process has settled them: its callbacks are due, and not these.
      if (removed.length < some.length) throw new AbandonedPass({ kind: "rejected", instances: some });
    }
  }
}
