// Finds the tasks whose results an argument takes.

import type { ArgTemplate } from "./serialized-dag.ts";

/** The ids of the tasks whose results a template takes, as often as it takes them. */
export function resultsIn(template: ArgTemplate): string[] {
  switch (template.kind) {
    case "literal":
      return [];
    case "result":
      return [template.taskId];
    case "list":
      return template.items.flatMap(resultsIn);
    case "object":
      return template.entries.flatMap(([, item]) => resultsIn(item));
  }
}
