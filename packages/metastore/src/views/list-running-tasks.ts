// The tasks of runs that run now.

import type { Dialect } from "../dialect.ts";

/**
 * See the port. Goes through what is queued or running alone, however many instances the runs have; the instance's row
 * decides, as one that was set to another state is removed from there by the next pass.
 */
export async function listRunningTasks(
  { kysely }: Dialect,
  team: string,
  runIds: readonly number[],
): Promise<Map<number, string[]>> {
  if (runIds.length === 0) return new Map();
  const rows = await kysely
    .selectFrom("active_task as active")
    .innerJoin("task_instance as instance", (join) =>
      join
        .onRef("instance.dag_run_id", "=", "active.dag_run_id")
        .onRef("instance.task_id", "=", "active.task_id")
        .onRef("instance.map_index", "=", "active.map_index"),
    )
    .select(["active.dag_run_id", "active.task_id"])
    .distinct()
    .where("active.dag_run_id", "in", runIds)
    .where("active.team", "=", team)
    .where("instance.state", "=", "running")
    .orderBy("active.dag_run_id")
    .orderBy("active.task_id")
    .execute();
  const found = new Map<number, string[]>();
  for (const { dag_run_id: id, task_id: taskId } of rows) {
    const tasks = found.get(id);
    if (tasks) tasks.push(taskId);
    else found.set(id, [taskId]);
  }
  return found;
}
