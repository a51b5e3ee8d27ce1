// Logs what a scheduler does with runs.

import { formatDuration, type Logger } from "@memodag/core";
import type { SchedulerListener } from "@memodag/scheduler";
import { EndLines } from "./end-lines.ts";

/** A listener that logs ends of task instances and of runs. */
export function runLogger(log: Logger): SchedulerListener {
  const ends = new EndLines();
  return {
    instanceChanged(run, instance) {
      const line = ends.next(run, instance);
      if (line === null) return;
      const fields = { dagId: run.dagId, runId: run.runId };
      if (instance.error === null) log.info(line, fields);
      else log.warn(line, fields);
    },
    runChanged(run) {
      const { dagId, runId, state, startedAt, endedAt, processesSpawned } = run;
      if (endedAt === null) return;
      ends.forget(run);
      const took = formatDuration(endedAt - (startedAt ?? endedAt));
      log.info(`run ended: ${state} in ${took}`, { dagId, runId, processesSpawned });
    },
  };
}
