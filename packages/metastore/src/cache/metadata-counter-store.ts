// Counts of the cache in the metadata database.

import { chunksOf } from "@memodag/core";
import {
  NO_COUNTS,
  type CacheCounts,
  type CountName,
  type CounterFilter,
  type CounterStore,
  type TaskCounts,
} from "@memodag/result-cache";
import type { Selectable } from "kysely";
import type { Dialect } from "../dialect.ts";
import type { CacheCounterTable } from "../tables/cache-tables.ts";
import { statement, type TransactionScript } from "../transaction-script.ts";

/** Rows that one statement writes at most: SQLite takes some 32,000 values. */
const ROWS_A_STATEMENT = 500;

const COLUMN_OF = {
  hits: "hits",
  misses: "misses",
  unusable: "unusable",
  populated: "populated",
  refreshes: "refreshes",
  uncacheable: "uncacheable",
  lookupTimeouts: "lookup_timeouts",
  lookupFailures: "lookup_failures",
  putFailures: "put_failures",
  nondeterministic: "nondeterministic",
  storedBytes: "stored_bytes",
  lookups: "lookups",
  lookupMs: "lookup_ms",
  lookupMaxMs: "lookup_max_ms",
  savedMs: "saved_ms",
} as const satisfies Record<CountName, keyof CacheCounterTable>;

const COLUMNS = Object.entries(COLUMN_OF) as [CountName, (typeof COLUMN_OF)[CountName]][];

/** The counter store of the metadata database. */
export class MetadataCounterStore implements CounterStore {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  async add(counts: readonly TaskCounts[]): Promise<void> {
    await this.#dialect.transaction(() => addAll(this.#dialect, counts));
  }

  async list({ team, dagId, taskId }: CounterFilter): Promise<TaskCounts[]> {
    let query = this.#dialect.kysely.selectFrom("cache_counter").selectAll();
    if (team !== undefined) query = query.where("team", "=", team);
    if (dagId !== undefined) query = query.where("dag_id", "=", dagId);
    if (taskId !== undefined) query = query.where("task_id", "=", taskId);
    const rows = await query.orderBy("team").orderBy("dag_id").orderBy("task_id").execute();
    return rows.map((row) => ({
      team: row.team,
      dagId: row.dag_id,
      taskId: row.task_id,
      counts: toCounts(row),
    }));
  }
}

function* addAll({ kysely }: Dialect, counts: readonly TaskCounts[]): TransactionScript<void> {
  // In one order everywhere: two schedulers that count for the same tasks wait, and never in a circle.
  const rows = counts.map(toRow).sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  for (const some of chunksOf(rows, ROWS_A_STATEMENT)) {
    yield* statement(
      kysely
        .insertInto("cache_counter")
        .values(some)
        .onConflict((conflict) =>
          conflict.columns(["team", "dag_id", "task_id"]).doUpdateSet((update) =>
            Object.fromEntries(
              COLUMNS.map(([, column]) => {
                const [kept, added] = [`cache_counter.${column}`, `excluded.${column}`] as const;
                if (column !== "lookup_max_ms") return [column, update(kept, "+", update.ref(added))];
                const isLonger = update(added, ">", update.ref(kept));
                return [
                  column,
                  update.case().when(isLonger).then(update.ref(added)).else(update.ref(kept)).end(),
                ];
              }),
            ),
          ),
        ),
    );
  }
}

function toRow({ team, dagId, taskId, counts }: TaskCounts): Selectable<CacheCounterTable> {
  const columns = Object.fromEntries(COLUMNS.map(([name, column]) => [column, counts[name]]));
  return { team, dag_id: dagId, task_id: taskId, ...columns } as Selectable<CacheCounterTable>;
}

function nameOf({ team, dag_id, task_id }: Selectable<CacheCounterTable>): string {
  return JSON.stringify([team, dag_id, task_id]);
}

function toCounts(row: Selectable<CacheCounterTable>): CacheCounts {
  return { ...NO_COUNTS, ...Object.fromEntries(COLUMNS.map(([name, column]) => [name, row[column]])) };
}
