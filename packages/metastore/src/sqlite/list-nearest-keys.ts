// Lists the keys of an instance that have the most parts in common with another, on SQLite.

import { setImmediate as nextTurn } from "node:timers/promises";
import { MOST_COMPARED } from "../rows/key-parts.ts";
import type { AskedKey, EarlierKeyRow } from "../dialect.ts";
import type { SqliteConnection } from "./connection.ts";

/** Keys that are compared before others may have the thread: some ten milliseconds. */
const CHUNK = 500;

interface Scored {
  readonly dag_run_id: number;
  readonly missing: number;
}

// The parts are looked for in the JSON as it is stored: parsing thousands of rows would take ten times as long.
// Only numbers are sorted.
const score = (parts: number): string => `
  select dag_run_id, missing from (
    select dag_run_id, ${Array.from({ length: parts }, () => "(instr(components, ?) = 0)").join(" + ")} as missing
    from cache_decision
    where team = ? and dag_id = ? and task_id = ? and map_index = ? and dag_run_id <> ? and key <> ?
    order by decided_at desc limit ${CHUNK} offset ?)`;

const READ = `
  select key, run_id, components from cache_decision where dag_run_id = ? and task_id = ? and map_index = ?`;

/** Lists the nearest keys first; see the decision store. */
export async function listNearestKeys(
  connection: SqliteConnection,
  { team, dagId, taskId, mapIndex, dagRunId, key }: AskedKey,
  parts: readonly string[],
  limit: number,
): Promise<Omit<EarlierKeyRow, "place">[]> {
  let nearest: Scored[] = [];
  for (let offset = 0; offset < MOST_COMPARED; offset += CHUNK) {
    const scored = await connection.exclusive(
      () =>
        connection
          .statement(score(parts.length))
          .all(...parts, team, dagId, taskId, mapIndex, dagRunId, key, offset) as Scored[],
    );
    // Sorting is stable: of equals, the latest stays first.
    nearest = [...nearest, ...scored].sort((a, b) => a.missing - b.missing).slice(0, limit);
    if (scored.length < CHUNK) break;
    await nextTurn();
  }
  return await connection.exclusive(() => {
    const read = connection.statement(READ);
    return nearest.flatMap(
      (row) => read.all(row.dag_run_id, taskId, mapIndex) as Omit<EarlierKeyRow, "place">[],
    );
  });
}
