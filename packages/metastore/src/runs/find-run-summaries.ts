// Finds the states of awaited runs, many at a time.

import { chunksOf, type DagRunState, type RunSummary, type WantedRun } from "@memodag/core";
import type { Dialect } from "../dialect.ts";

/** Runs asked for in one statement; each is a branch of its condition, found through an index. */
const CHUNK = 100;

/** See the port. */
export async function findRunSummaries(
  dialect: Dialect,
  wanted: readonly WantedRun[],
): Promise<(RunSummary | undefined)[]> {
  const found = new Map<string, RunSummary>();
  for (const some of chunksOf(wanted, CHUNK)) {
    for (const row of await listRows(dialect, some)) {
      const summary = { runId: row.run_id, state: row.state as DagRunState };
      const { team, dag_id: dagId } = row;
      found.set(nameOf({ team, dagId, runId: row.run_id }), summary);
      // In the order of their numbers: the newest of a date is the last.
      if (row.logical_date !== null)
        found.set(nameOf({ team, dagId, logicalDate: row.logical_date }), summary);
    }
  }
  return wanted.map((run) => found.get(nameOf(run)));
}

async function listRows({ kysely }: Dialect, wanted: readonly WantedRun[]) {
  return await kysely
    .selectFrom("dag_run")
    .select(["team", "dag_id", "run_id", "logical_date", "state"])
    .where((where) =>
      where.or(
        wanted.map((run) => {
          const { team, dagId } = run;
          const name = "runId" in run ? { run_id: run.runId } : { logical_date: run.logicalDate };
          return where.and({ team, dag_id: dagId, ...name });
        }),
      ),
    )
    // A run of some of its tasks is not the run that is waited for.
    .where("selection", "is", null)
    .orderBy("id")
    .execute();
}

function nameOf(run: WantedRun): string {
  const { team, dagId } = run;
  return JSON.stringify([team, dagId, "runId" in run ? run.runId : run.logicalDate]);
}
