// Task instances named one after the other, in a line that stays readable.

import type { TaskInstanceId } from "@memodag/core";

import { instanceName } from "@memodag/core";

const MOST_SHOWN = 10;

/** The first instances by name, and a sign for the rest. */
export function shownInstances(instances: readonly TaskInstanceId[]): string {
  const names = instances.slice(0, MOST_SHOWN).map(({ taskId, mapIndex }) => instanceName(taskId, mapIndex));
  return [...names, ...(instances.length > MOST_SHOWN ? ["…"] : [])].join(", ");
}
