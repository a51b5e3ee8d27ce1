// The graph of a run's tasks, each with the most urgent mark of its instances.

import type { ReactNode } from "react";
import { GraphPicture } from "../dag/graph/graph-picture.tsx";
import { mostUrgent } from "../dag/grid/cells.ts";
import type { RunInstance } from "../instances/instance-table.ts";
import { markOf } from "../marks/mark.ts";
import type { Outline } from "./run-facts.tsx";

/** The graph. */
export function RunGraph({
  outline: { dagId, runId, version, tasks },
  instances,
}: {
  readonly outline: Outline;
  readonly instances: ReadonlyMap<string, readonly RunInstance[]>;
}): ReactNode {
  return (
    <div>
      <GraphPicture
        dagId={dagId}
        version={version ?? runId}
        tasks={tasks}
        markOfTask={(taskId) => mostUrgent((instances.get(taskId) ?? []).map((one) => markOf(one)))}
      />
    </div>
  );
}
