// Deletes the rows that removed runs have left, some at a time.

import { chunksOf, type RunRows } from "@memodag/core";
import { sql, type RawBuilder, type SqlBool } from "kysely";
import type { Dialect } from "../dialect.ts";
import { isOwnEntry } from "./old-runs.ts";
import type { Schema } from "../tables/schema.ts";
import { statement, type TransactionScript } from "../transaction-script.ts";

/** Runs that one step looks at. */
const RUNS_A_STEP = 100;

/** The rows of a kind that belong to a run. */
interface RunRowsTable {
  readonly table: keyof Schema;
  /** The columns that tell its rows apart. */
  readonly key: readonly string[];
  readonly countedAs?: "instances" | "xcoms" | "entries";
  /** Of the rows, those that go. Absent: all. */
  readonly condition?: RawBuilder<SqlBool>;
}

const INSTANCE = ["dag_run_id", "task_id", "map_index"] as const;
const XCOMS: RunRowsTable = { table: "xcom", key: [...INSTANCE, "key"], countedAs: "xcoms" };

const ENTRIES: RunRowsTable = {
  table: "cache_entry",
  key: ["id"],
  countedAs: "entries",
  condition: isOwnEntry,
};

/** Everything that names a run by its number, but for `dag_run` itself. */
export const RUN_ROWS: readonly RunRowsTable[] = [
  { table: "task_instance", key: INSTANCE, countedAs: "instances" },
  XCOMS,
  ENTRIES,
  { table: "cache_decision", key: INSTANCE },
  { table: "active_task", key: INSTANCE },
  { table: "owed_callback", key: ["id"] },
  { table: "human_request", key: INSTANCE },
  { table: "run_transaction", key: ["dag_run_id", "transaction_id"] },
  { table: "staged_member", key: INSTANCE },
  { table: "run_summary", key: ["dag_run_id"] },
  { table: "task_attempt", key: [...INSTANCE, "try_number"] },
];

/** Deletes up to `limit` rows of each kind. Runs whose rows are all gone are marked so; see the port. */
export function* drainRuns(
  dialect: Dialect,
  limit: number,
  ids?: readonly number[],
): TransactionScript<boolean> {
  const { kysely } = dialect;
  const undrained = kysely
    .selectFrom("removed_run")
    .select(["id", "dag_run_id", "what"])
    .where(sql<boolean>`is_drained = 0`)
    .$if(ids !== undefined, (query) => query.where("dag_run_id", "in", [...(ids ?? []), -1]))
    .orderBy("id")
    .limit(RUNS_A_STEP);
  const held = yield* statement(dialect.lockingRows(undrained, "skip"));
  if (held.length === 0) return false;
  const runsOf = (what: string): number[] =>
    held.flatMap((run) => (run.what === what ? [run.dag_run_id] : []));
  const most = Math.max(
    yield* deleteRows(dialect, RUN_ROWS, runsOf("run"), limit),
    yield* deleteRows(dialect, [XCOMS], runsOf("xcoms"), limit),
    yield* deleteRows(dialect, [ENTRIES], runsOf("entries"), limit),
  );
  if (most < limit) {
    const drained = padded(held.map(({ id }) => id));
    yield* statement(kysely.updateTable("removed_run").set({ is_drained: 1 }).where("id", "in", drained));
  }
  return true;
}

/** Counts the rows of runs that are shown to users. */
export async function countRows(dialect: Dialect, ids: readonly number[]): Promise<RunRows> {
  const counts = { instances: 0, xcoms: 0, entries: 0 };
  for (const some of chunksOf(ids, RUNS_A_STEP)) {
    for (const { table, condition, countedAs } of RUN_ROWS) {
      if (countedAs === undefined) continue;
      const query = sql<{ rows: number }>`
        select count(*) as rows from ${sql.table(table)}
        where dag_run_id in (${sql.join(padded(some))}) ${andIf(condition)}`;
      counts[countedAs] += (await query.execute(dialect.kysely)).rows[0]?.rows ?? 0;
    }
  }
  return counts;
}

/** Deletes rows of each of the tables, and returns how many of that which had the most. */
function* deleteRows(
  dialect: Dialect,
  tables: readonly RunRowsTable[],
  runs: readonly number[],
  limit: number,
): TransactionScript<number> {
  let most = 0;
  if (runs.length === 0) return most;
  for (const table of tables) most = Math.max(most, yield* deleteSome(dialect, table, runs, limit));
  return most;
}

function* deleteSome(
  { kysely }: Dialect,
  { table, key, condition }: RunRowsTable,
  runs: readonly number[],
  limit: number,
): TransactionScript<number> {
  const columns = sql.join(key.map((name) => sql.ref(name)));
  const query = sql<Record<string, unknown>>`
    delete from ${sql.table(table)} where (${columns}) in (
      select ${columns} from ${sql.table(table)}
      where dag_run_id in (${sql.join(padded(runs))}) ${andIf(condition)}
      limit ${limit})
    returning 1 as one`;
  return (yield* statement({ compile: () => query.compile(kysely) })).length;
}

function andIf(condition: RawBuilder<SqlBool> | undefined): RawBuilder<unknown> {
  return condition === undefined ? sql`` : sql`and ${condition}`;
}

/** Always as many, so that there is one statement to prepare. */
function padded(ids: readonly number[]): number[] {
  return Array.from({ length: RUNS_A_STEP }, (_, place) => ids[place] ?? -1);
}
