// Logs what a scheduler does with runs.

import { formatDuration, type Logger } from "@memodag/core";
import type { SchedulerListener } from "@memodag/scheduler";
import { endLine } from "./show-progress.ts";

/** A listener that logs ends of task instances and of runs. */
export function runLogger(log: Logger): SchedulerListener {
  return {
    instanceChanged(run, instance) {
      const line = endLine(instance);
      if (line === null) return;
      const fields = { dagId: run.dagId, runId: run.runId };
      if (instance.error === null) log.info(line, fields);
      else log.warn(line, fields);
    },
    runChanged({ dagId, runId, state, startedAt, endedAt, processesSpawned }) {
      if (endedAt === null) return;
      const took = formatDuration(endedAt - (startedAt ?? endedAt));
      log.info(`run ended: ${state} in ${took}`, { dagId, runId, processesSpawned });
    },
  };
}
