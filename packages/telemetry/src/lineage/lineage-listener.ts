// Has OpenLineage events sent for what a scheduler wrote.

import type { DagRun, TaskInstance, TryWrites } from "@memodag/core";
import type { SchedulerListener } from "@memodag/scheduler";
import { isNewHit, type LineageEvent, type LineageEvents } from "./lineage-events.ts";

/** Tries whose start was sent, at most: those of others are sent again with their end. */
const MOST_STARTED = 50_000;

/** A listener that sends events. */
export function lineageListener(
  events: LineageEvents,
  send: (event: LineageEvent) => void,
): SchedulerListener {
  const started = new Set<string>();
  const start = (
    run: DagRun,
    instance: Pick<TaskInstance, "taskId" | "mapIndex" | "tryNumber">,
    at: number,
  ) => {
    const name = JSON.stringify([run.id, instance.taskId, instance.mapIndex, instance.tryNumber]);
    if (!started.has(name)) send(events.ofStart(run, instance, at));
    if (started.size < MOST_STARTED) started.add(name);
    return name;
  };
  return {
    runChanged(run, isCancelled = false) {
      if (run.endedAt !== null || run.state === "running") send(events.ofRun(run, isCancelled));
    },
    instanceChanged(run, instance, before) {
      if (isNewHit(instance, before)) for (const event of events.ofHit(run, instance)) send(event);
      if (instance.state === "running" && before !== "running" && instance.startedAt !== null)
        start(run, instance, instance.startedAt);
    },
    triesChanged(run: DagRun, { ended }: TryWrites) {
      for (const each of ended) {
        if (each.startedAt === null) continue;
        started.delete(start(run, each, each.startedAt));
        send(events.ofEnd(run, each));
      }
    },
  };
}
