// A run as if nothing were remembered: each hit takes the time that it saved, and each task begins when what it waits for
// has ended. Slots, pools and locks are ignored, so that the length is what it would have taken at least.

import { rowKey, type RunInstance } from "../instances/instance-table.ts";

/** When an instance would have run, in milliseconds after the start. */
export interface AsIfBar {
  readonly from: number;
  readonly to: number;
}

/** The lay-out. */
export interface AsIfRun {
  /** The least time that the run would have taken, in milliseconds. */
  readonly lengthMs: number;
  /** By the key of `instance-table.ts`. */
  readonly bars: ReadonlyMap<string, AsIfBar>;
}

/** A task with what it waits for. */
export interface WaitingTask {
  readonly taskId: string;
  readonly upstream: readonly string[];
}

/** Lays a run out. @param tasks in an order in which what a task waits for comes before it, or any other */
export function layOutAsIf(
  tasks: readonly WaitingTask[],
  instances: ReadonlyMap<string, readonly RunInstance[]>,
): AsIfRun {
  const upstream = new Map(tasks.map((task) => [task.taskId, task.upstream]));
  const bars = new Map<string, AsIfBar>();
  const ends = new Map<string, number>();
  let lengthMs = 0;

  const layOut = (taskId: string): number => {
    const known = ends.get(taskId);
    if (known !== undefined) return known;
    // Stands until its own is known: a Dag has no circles, but what is read here might.
    ends.set(taskId, 0);
    const above = upstream.get(taskId) ?? [];
    const aboveEnd = above.reduce((latest, one) => Math.max(latest, layOut(one)), 0);
    const own = instances.get(taskId) ?? [];
    const same = above.filter((one) => areParallel(instances.get(one), own));
    const others = above.filter((one) => !same.includes(one));
    const othersEnd = others.reduce((latest, one) => Math.max(latest, ends.get(one) ?? 0), 0);
    let end = own.length === 0 ? aboveEnd : 0;
    for (const instance of own) {
      const from = same.reduce(
        (latest, one) => Math.max(latest, bars.get(rowKey(one, instance.mapIndex))?.to ?? 0),
        othersEnd,
      );
      const to = from + workOf(instance);
      bars.set(rowKey(taskId, instance.mapIndex), { from, to });
      end = Math.max(end, to);
    }
    ends.set(taskId, end);
    lengthMs = Math.max(lengthMs, end);
    return end;
  };
  for (const { taskId } of tasks) layOut(taskId);
  for (const taskId of instances.keys()) layOut(taskId);
  return { lengthMs, bars };
}

/** Of two mapped tasks of one length, an instance may wait for that with its index alone. */
function areParallel(above: readonly RunInstance[] | undefined, own: readonly RunInstance[]): boolean {
  return above?.length === own.length && own.every(({ mapIndex }) => mapIndex >= 0);
}

function workOf({ cacheStatus, savedMs, durationMs }: RunInstance): number {
  return (cacheStatus === "hit" ? savedMs : durationMs) ?? 0;
}
