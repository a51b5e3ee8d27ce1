// The tries of a run, as a range of their primary key.

import type { TryOutcome, TaskTry, TryQuery } from "@memodag/core";
import { sql } from "kysely";
import type { Dialect } from "../dialect.ts";

/** See the port. A try that has not ended is where its instance is. */
export async function listTries(
  { kysely }: Dialect,
  team: string,
  runId: number,
  { taskId, mapIndex, limit, after }: TryQuery,
): Promise<TaskTry[]> {
  const rows = await kysely
    .selectFrom("task_attempt as tried")
    .innerJoin("dag_run", "dag_run.id", "tried.dag_run_id")
    .leftJoin("task_instance as instance", (join) =>
      join
        .onRef("instance.dag_run_id", "=", "tried.dag_run_id")
        .onRef("instance.task_id", "=", "tried.task_id")
        .onRef("instance.map_index", "=", "tried.map_index")
        .onRef("instance.try_number", "=", "tried.try_number")
        .on("tried.ended_at", "is", null),
    )
    .selectAll("tried")
    .select([
      "instance.started_at as begun_at",
      "instance.waiting_since",
      "instance.worker as current_worker",
    ])
    .where("dag_run.team", "=", team)
    .where("tried.dag_run_id", "=", runId)
    .$if(taskId !== undefined, (query) => query.where("tried.task_id", "=", taskId ?? ""))
    .$if(mapIndex !== undefined, (query) => query.where("tried.map_index", "=", mapIndex ?? 0))
    .$if(after !== undefined, (query) =>
      query.where(
        sql<boolean>`(tried.task_id, tried.map_index, tried.try_number) >
          (${after?.taskId}, ${after?.mapIndex}, ${after?.tryNumber})`,
      ),
    )
    .orderBy("tried.task_id")
    .orderBy("tried.map_index")
    .orderBy("tried.try_number")
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    taskId: row.task_id,
    mapIndex: row.map_index,
    tryNumber: row.try_number,
    readyAt: row.ready_at,
    queuedAt: row.queued_at,
    startedAt: row.started_at ?? row.waiting_since ?? row.begun_at,
    endedAt: row.ended_at,
    outcome: row.outcome as TryOutcome | null,
    error: row.error_code === null ? null : { code: row.error_code, message: row.error_message ?? "" },
    worker: row.worker ?? row.current_worker,
  }));
}
