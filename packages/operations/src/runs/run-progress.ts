// The progress of runs, from the scheduler's events; for live display.

import { isTerminal, type DagRun, type TaskInstance } from "@memodag/core";

/** The number of task instances by status. A hit counts as cached, not as done. */
export interface ProgressCounts {
  readonly running: number;
  readonly waiting: number;
  readonly done: number;
  readonly cached: number;
  readonly failed: number;
}

/** An instance with a label of its run, if that is not the requested one. */
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

  /** Updates the current state of an instance. */
  update(run: DagRun, instance: TaskInstance): void {
    this.#instances.set(JSON.stringify([run.id, instance.taskId, instance.mapIndex]), {
      ...instance,
      label: this.#labelOf(run),
    });
  }

  /** The running instances, longest first. */
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
