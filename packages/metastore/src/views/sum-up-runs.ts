// The sums of runs: read where they were written, summed up where they were not.

import { chunksOf, readTaskSums, sumUp, type SummedInstance, type SummedRun } from "@memodag/core";
import type { Dialect } from "../dialect.ts";
import { toRunSums } from "../rows/dag-run-row.ts";

/** Runs of one statement. */
const RUNS_AT_ONCE = 500;

/** See the port. */
export async function sumUpRuns(
  dialect: Dialect,
  team: string,
  runIds: readonly number[],
): Promise<Map<number, SummedRun>> {
  const summed = new Map<number, SummedRun>();
  for (const some of chunksOf(runIds, RUNS_AT_ONCE)) {
    for (const { id, tasks, ...row } of await readWritten(dialect, team, some)) {
      const run = toRunSums(row);
      // One by one: a run may have very many instances, and the rows of one are enough in memory.
      summed.set(
        id,
        run && tasks !== null ? { run, tasks: readTaskSums(tasks) } : await sumUpRun(dialect, id),
      );
    }
  }
  return summed;
}

async function readWritten({ kysely }: Dialect, team: string, runIds: readonly number[]) {
  return await kysely
    .selectFrom("dag_run")
    .leftJoin("run_summary", "run_summary.dag_run_id", "dag_run.id")
    .select(["dag_run.id", "tasks", "hits", "ran", "failed", "saved_ms", "worked_ms"])
    .where("dag_run.team", "=", team)
    .where("dag_run.id", "in", runIds)
    .execute();
}

/** Grouping in the program takes half of the time that it takes in the database. */
async function sumUpRun({ kysely }: Dialect, runId: number): Promise<SummedRun> {
  const rows = await kysely
    .selectFrom("task_instance")
    .select(["task_id as taskId", "state", "cache_status as cacheStatus", "started_at as startedAt"])
    .select(["ended_at as endedAt", "duration_ms as durationMs", "saved_ms as savedMs"])
    .where("dag_run_id", "=", runId)
    .execute();
  return sumUp(rows as readonly SummedInstance[]);
}
