// A branch as one line of text.

import type { SerializedBranch } from "@memodag/core";

/** The tasks that each value selects, such as `true: store; false: warn, close`. */
export function branchText({ by, cases, otherwise }: SerializedBranch): string {
  const choices = cases.map(({ json, taskIds }) => {
    const value = by === "task" ? (JSON.parse(json) as string) : json;
    // A task that is chosen by its id need not be named twice.
    return taskIds.join() === value ? value : `${value}: ${taskIds.join(", ")}`;
  });
  return [...choices, ...(otherwise.length > 0 ? [`else: ${otherwise.join(", ")}`] : [])].join("; ");
}
