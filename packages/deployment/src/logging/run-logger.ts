// Logs what a scheduler does with runs.

import {
  DEFAULT_TEAM,
  formatDuration,
  UNMAPPED,
  type DagRun,
  type LogFields,
  type Logger,
} from "@memodag/core";
import type { SchedulerListener } from "@memodag/scheduler";
import { EndLines } from "./end-lines.ts";

/**
 * A listener that logs ends of task instances and of runs.
 * @param isForPrograms true to name the instance in fields as well as in the message. Default: false.
 */
export function runLogger(log: Logger, isForPrograms = false): SchedulerListener {
  const ends = new EndLines();
  return {
    instanceChanged(run, instance) {
      const line = ends.next(run, instance);
      if (line === null) return;
      const { taskId, mapIndex, tryNumber } = instance;
      const fields = {
        ...nameOf(run),
        ...(isForPrograms && { taskId, ...(mapIndex !== UNMAPPED && { mapIndex }), tryNumber }),
      };
      if (instance.error === null) log.info(line, fields);
      else log.warn(line, fields);
    },
    runChanged(run) {
      const { state, startedAt, endedAt, processesSpawned } = run;
      if (endedAt === null) return;
      ends.forget(run);
      const took = formatDuration(endedAt - (startedAt ?? endedAt));
      log.info(`run ended: ${state} in ${took}`, { ...nameOf(run), processesSpawned });
    },
  };
}

/** The team of Dags without one is not named. */
function nameOf({ team, dagId, runId }: DagRun): LogFields {
  return { ...(team !== DEFAULT_TEAM && { team }), dagId, runId };
}
