// Metrics of runs and task instances, from what a scheduler wrote.

import { isTerminal } from "@memodag/core";
import type { SchedulerListener } from "@memodag/scheduler";
import type { Metrics } from "../metrics/metrics.ts";

/** A listener that records runs, instances and tries. */
export function runMetrics(metrics: Metrics): Required<Omit<SchedulerListener, "runNotLoaded">> {
  return {
    runChanged({ team, dagId: dag, runType: type, state, startedAt, endedAt, dataIntervalEnd, logicalDate }) {
      const of = { team, dag };
      if (endedAt !== null) {
        metrics.add("memodag.run.ended", { ...of, type, state });
        if (startedAt !== null)
          metrics.record("memodag.run.duration", { ...of, state }, (endedAt - startedAt) / 1000);
        return;
      }
      if (state !== "running" || startedAt === null) return;
      metrics.add("memodag.run.started", { ...of, type });
      for (const end of ["success", "failed"])
        metrics.begin("memodag.run.ended", { ...of, type, state: end });
      const due = type === "scheduled" ? (dataIntervalEnd ?? logicalDate) : null;
      if (due !== null) metrics.record("memodag.run.schedule_delay", of, (startedAt - due) / 1000);
    },
    instanceChanged({ team, dagId: dag }, { taskId: task, state, cacheStatus, error }, before) {
      // A row may change after its end, when its result is stored.
      if (before === state) return;
      const of = { team, dag, task };
      if (isTerminal(state))
        metrics.add("memodag.task.ended", { ...of, state, cache: cacheStatus === "hit" ? "hit" : "none" });
      if (state === "up_for_retry")
        metrics.add("memodag.task.retries", { ...of, error: error?.code ?? "unknown" });
    },
    triesChanged({ team, dagId: dag }, { queued, ended }) {
      for (const { taskId: task, readyAt, queuedAt } of queued)
        if (readyAt !== null)
          metrics.record("memodag.task.wait", { team, dag, task }, (queuedAt - readyAt) / 1000);
      for (const { taskId: task, startedAt, endedAt, outcome } of ended)
        if (startedAt !== null)
          metrics.record("memodag.task.duration", { team, dag, task, outcome }, (endedAt - startedAt) / 1000);
    },
  };
}
