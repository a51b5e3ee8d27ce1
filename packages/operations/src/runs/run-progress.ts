// How runs under way stand, from what the scheduler tells; for showing while they go on.

import { isTerminal, type DagRun, type TaskInstance } from "@memodag/core";

/** Numbers of task instances by how they stand. A hit counts as cached, not as done. */
export interface ProgressCounts {
  readonly running: number;
  readonly waiting: number;
  readonly done: number;
  readonly cached: number;
  readonly failed: number;
}

/** An instance, and what tells its run from that which was asked for. */
export interface LabelledInstance extends TaskInstance {
  readonly label: string;
}

/** Follows task instances. */
export class RunProgress {
  readonly #instances = new Map<string, LabelledInstance>();
  readonly #labelOf: (run: DagRun) => string;

  constructor(labelOf: (run: DagRun) => string = () => "") {
    this.#labelOf = labelOf;
  }

  /** Takes in an instance as it stands now. */
  update(run: DagRun, instance: TaskInstance): void {
    this.#instances.set(JSON.stringify([run.id, instance.taskId, instance.mapIndex]), {
      ...instance,
      label: this.#labelOf(run),
    });
  }

  /** The instances that run now, longest first. */
  get running(): LabelledInstance[] {
    return [...this.#instances.values()]
      .filter(({ state }) => state === "running")
      .sort((a, b) => (a.startedAt ?? 0) - (b.startedAt ?? 0));
  }

  get counts(): ProgressCounts {
    const counts = { running: 0, waiting: 0, done: 0, cached: 0, failed: 0 };
    for (const instance of this.#instances.values()) counts[standingOf(instance)] += 1;
    return counts;
  }
}

function standingOf({ state, cacheStatus }: TaskInstance): keyof ProgressCounts {
  if (state === "running") return "running";
  if (!isTerminal(state)) return "waiting";
  if (state === "failed" || state === "upstream_failed") return "failed";
  return cacheStatus === "hit" ? "cached" : "done";
}
