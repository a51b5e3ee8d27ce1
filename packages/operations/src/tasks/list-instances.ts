// Lists the task instances of a run, page by page: a mapped task may have more than one response can hold.

import type { TaskInstance, TaskInstanceId } from "@memodag/core";
import type { OperationContext } from "../context.ts";
import { readPage, type Page, type PageInput } from "../page.ts";
import { getRun, type RunName } from "../runs/find-run.ts";
import { reportTask, type TaskReport } from "../runs/run-report.ts";

/** The run whose instances are listed. */
export interface ListInstancesInput extends RunName, PageInput {
  readonly taskId?: string | undefined;
}

/** Default number of instances on a page. */
const DEFAULT_LIMIT = 100;

const placeOf = ({ taskId, mapIndex }: TaskInstance): [string, number] => [taskId, mapIndex];

/**
 * Lists the existing instances by task and map index; a task that is not reached yet has none.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `dag_run_not_found`, `cursor_invalid`.
 */
export async function listInstances(
  { stores }: OperationContext,
  { taskId, limit = DEFAULT_LIMIT, after, ...name }: ListInstancesInput,
): Promise<Page<TaskReport>> {
  const { team, id } = await getRun(stores, name);
  const ofTask = taskId === undefined ? {} : { taskId };
  const page = await readPage({ name: `instances ${id}`, placeOf }, { limit, after }, (query) =>
    stores.runs.listTaskInstances(team, id, {
      ...ofTask,
      limit: query.limit,
      ...(query.after && { after: instanceAt(query.after) }),
    }),
  );
  return { ...page, items: page.items.map(reportTask) };
}

function instanceAt([taskId, mapIndex]: [string, number]): TaskInstanceId {
  return { taskId, mapIndex };
}
