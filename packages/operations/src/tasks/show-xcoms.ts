// Shows the XComs of a task instance.

import type { JsonValue } from "@memodag/core";
import type { OperationContext } from "../context.ts";
import { getRun } from "../runs/find-run.ts";
import { getInstance } from "./find-instance.ts";
import type { InstanceName } from "./instance-name.ts";
import { readXComs } from "./xcom-values.ts";

/**
 * Every XCom of a task instance by key.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `dag_run_not_found`, `task_not_found`, `xcom_not_found`;
 *   `usage` for a mapped task without an index.
 */
export async function showXComs(
  { stores }: OperationContext,
  { taskId, mapIndex, ...name }: InstanceName,
): Promise<Record<string, JsonValue>> {
  const run = await getRun(stores, name);
  const instance = await getInstance(stores.runs, run, taskId, mapIndex);
  return await readXComs(stores, run, instance);
}
