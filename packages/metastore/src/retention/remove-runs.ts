// Removes the rows of ended runs themselves. What belongs to them is left to be drained.

import {
  chunksOf,
  type AuditAct,
  type DagRunState,
  type RunIdentity,
  type RunPart,
  type RunRemoval,
} from "@memodag/core";
import { sql, type RawBuilder, type SqlBool } from "kysely";
import { writeAct } from "../audit/write-act.ts";
import type { Dialect } from "../dialect.ts";
import { isOver, isSuperseded } from "./removable.ts";
import { statement, type TransactionScript } from "../transaction-script.ts";

/** Runs in one statement. */
const RUNS_A_STATEMENT = 500;

/** Thrown inside the transaction, so that nothing of it stays. */
class RefusedRemoval extends Error {
  readonly outcome: RunRemoval;

  constructor(outcome: RunRemoval) {
    super(outcome.kind);
    this.outcome = outcome;
  }
}

/** Removes all of the runs, or none; see the port. */
export async function removeRuns(
  dialect: Dialect,
  team: string,
  ids: readonly number[],
  act?: AuditAct,
): Promise<RunRemoval> {
  try {
    return await dialect.transaction(function* () {
      const rows = yield* removeThose(dialect, ids, sql<SqlBool>`(dag_run.team = ${team})`);
      const removed = new Set(rows.map(({ id }) => id));
      const kept = ids.find((id) => !removed.has(id));
      if (kept !== undefined) throw new RefusedRemoval(yield* explainRefusal(dialect, team, kept));
      yield* writeAct(dialect, act, removed.size);
      return { kind: "removed" };
    });
  } catch (error) {
    if (error instanceof RefusedRemoval) return error.outcome;
    throw error;
  }
}

/** Removes those of the runs that can be removed without being named; see the port. */
export async function removeOld(dialect: Dialect, ids: readonly number[]): Promise<RunIdentity[]> {
  return await dialect.transaction(() => removeThose(dialect, ids, isSuperseded));
}

/**
 * Removes a part of those of the runs that could be removed; see the port. XComs are noted at the run, whose tasks lack
 * their inputs without them.
 */
export async function removePart(dialect: Dialect, ids: readonly number[], part: RunPart): Promise<number[]> {
  const { kysely, now } = dialect;
  return await dialect.transaction(function* () {
    const awaited = new Set(yield* findAwaited(dialect, ids));
    const removed: number[] = [];
    for (const some of chunksOf(
      ids.filter((id) => !awaited.has(id)),
      RUNS_A_STATEMENT,
    )) {
      const rows = yield* statement(
        kysely
          .updateTable("dag_run")
          .set((run) => ({ xcoms_removed_at: part === "xcoms" ? now : run.ref("xcoms_removed_at") }))
          .where("id", "in", some)
          .where(isOver(dialect))
          .where(isSuperseded)
          .returning(["id as dag_run_id", "team", "dag_id", "run_id"]),
      );
      yield* noteRemoved(dialect, rows, part);
      for (const row of rows) removed.push(row.dag_run_id);
    }
    return removed;
  });
}

/**
 * Removes those of the runs that have ended, that nothing needs, and that meet the condition. Returns them. One
 * statement decides and deletes, so that a run which is cleared at the same time is either gone or stays.
 */
function* removeThose(
  dialect: Dialect,
  ids: readonly number[],
  condition: RawBuilder<SqlBool>,
): TransactionScript<RunIdentity[]> {
  const awaited = new Set(yield* findAwaited(dialect, ids));
  const removed: RunIdentity[] = [];
  for (const some of chunksOf(
    ids.filter((id) => !awaited.has(id)),
    RUNS_A_STATEMENT,
  )) {
    const rows = yield* statement(
      dialect.kysely
        .deleteFrom("dag_run")
        .where("id", "in", some)
        .where(isOver(dialect))
        .where(condition)
        .returning(["id as dag_run_id", "team", "dag_id", "run_id"]),
    );
    yield* noteRemoved(dialect, rows, "run");
    for (const row of rows)
      removed.push({ id: row.dag_run_id, team: row.team, dagId: row.dag_id, runId: row.run_id });
  }
  return removed;
}

interface RemovedRow {
  readonly dag_run_id: number;
  readonly team: string;
  readonly dag_id: string;
  readonly run_id: string;
}

/** Has the rows that belong to runs, or to a part of them, drained. */
function* noteRemoved(
  { kysely, now }: Dialect,
  rows: readonly RemovedRow[],
  what: "run" | RunPart,
): TransactionScript<void> {
  if (rows.length === 0) return;
  const values = rows.map((row) => ({ ...row, what, removed_at: now }));
  yield* statement(kysely.insertInto("removed_run").values(values));
}

/**
 * Those that a try of a run in progress has made: it may wait for them, or be repeated and look for them. A run that
 * has ended and is cleared begins with another try. Locks all of the runs in one order, so that two that remove the
 * same take turns.
 */
export function* findAwaited(dialect: Dialect, ids: readonly number[]): TransactionScript<number[]> {
  const { kysely } = dialect;
  const madeBy = new Map<number, number>();
  const inProgress = new Set<number>();
  for (const some of chunksOf(ids, RUNS_A_STATEMENT)) {
    const found = kysely
      .selectFrom("dag_run")
      .select(["id", "made_by"])
      .where("id", "in", some)
      .orderBy("id");
    for (const { id, made_by } of yield* statement(dialect.lockingRows(found, "wait")))
      if (made_by !== null) madeBy.set(id, numberOfMaker(made_by));
  }
  for (const some of chunksOf([...new Set(madeBy.values())], RUNS_A_STATEMENT)) {
    const makers = yield* statement(
      kysely
        .selectFrom("dag_run")
        .select("id")
        .where("id", "in", some)
        .where(sql<boolean>`state in ('queued', 'running')`),
    );
    for (const { id } of makers) inProgress.add(id);
  }
  return [...madeBy].flatMap(([id, maker]) => (inProgress.has(maker) ? [id] : []));
}

/** A try is named by JSON that begins with its run's number. */
function numberOfMaker(madeBy: string): number {
  return Number(/^\[(\d+),/.exec(madeBy)?.[1] ?? 0);
}

function* explainRefusal(dialect: Dialect, team: string, id: number): TransactionScript<RunRemoval> {
  const { kysely, now } = dialect;
  const [run] = yield* statement(
    kysely
      .selectFrom("dag_run")
      .select(["state", "lease_owner"])
      .select(sql<number | null>`(lease_expires_at > ${now})`.as("is_held"))
      .where("team", "=", team)
      .where("id", "=", id),
  );
  if (!run) return { kind: "refused", id, obstacle: "missing", state: null };
  const state = run.state as DagRunState;
  if (state === "queued" || state === "running")
    return { kind: "refused", id, obstacle: "in_progress", state };
  if (run.lease_owner !== null && run.is_held) return { kind: "refused", id, obstacle: "ending", state };
  if ((yield* findAwaited(dialect, [id])).length > 0)
    return { kind: "refused", id, obstacle: "awaited", state };
  const [staged] = yield* statement(
    kysely.selectFrom("staged_member").select("task_id").where("dag_run_id", "=", id).limit(1),
  );
  return { kind: "refused", id, obstacle: staged ? "transaction_open" : "callbacks_owed", state };
}
