// Finds the origin of a run's misses: from a changed input to the upstream task that produced it. Functions
// of values.

import {
  instanceKey,
  resultsIn,
  type CacheStatus,
  type SerializedTask,
  type TaskInstance,
} from "@memodag/core";
import type { ComponentChange, RunDecision } from "@memodag/result-cache";
import { explainInstance, type Explanation, type ExplanationReason } from "./explanation.ts";

/** The first upstream task whose result differs from before, and why. */
export interface Cause {
  readonly taskId: string;
  readonly mapIndex: number;
  readonly status: CacheStatus | null;
  readonly reason: ExplanationReason | null;
  readonly changes: readonly ComponentChange[];
  readonly detail: string | null;
}

/** Instances of one run with the same cause. */
export interface CauseGroup extends Omit<Cause, "mapIndex"> {
  /** The number of instances, including those of the causing task. */
  readonly count: number;
  /** In the Dag's order. */
  readonly tasks: readonly { readonly taskId: string; readonly count: number }[];
}

/** The data from which a run's causes are found. */
export interface ExplainedRun {
  readonly tasks: readonly SerializedTask[];
  readonly instances: readonly TaskInstance[];
  readonly decisions: readonly RunDecision[];
}

/** Finds the causes of one run's misses; each is found once. */
export class RunCauses {
  readonly #run: ExplainedRun;
  readonly #tasks: ReadonlyMap<string, SerializedTask>;
  readonly #instances: ReadonlyMap<string, TaskInstance>;
  /** One instance of each task, preferably one that ran. */
  readonly #firstOf = new Map<string, TaskInstance>();
  readonly #decisions: ReadonlyMap<string, RunDecision>;
  readonly #found = new Map<string, Cause>();

  constructor(run: ExplainedRun) {
    this.#run = run;
    this.#tasks = new Map(run.tasks.map((task) => [task.taskId, task]));
    this.#instances = new Map(run.instances.map((instance) => [instanceKey(instance), instance]));
    for (const instance of run.instances) {
      const first = this.#firstOf.get(instance.taskId);
      if (!first || (first.cacheStatus === "hit" && instance.cacheStatus !== "hit"))
        this.#firstOf.set(instance.taskId, instance);
    }
    this.#decisions = new Map(run.decisions.map((decision) => [instanceKey(decision), decision]));
  }

  /** The cause of an explanation; `null` when the instance is itself the cause. */
  causeOf(instance: TaskInstance): Cause | null {
    const cause = this.#rootOf(instance);
    return cause.taskId === instance.taskId ? null : cause;
  }

  /** Changed inputs that are not results of upstream tasks: candidates for exclusion from the key. */
  ownInputs(instance: TaskInstance): string[] {
    return changedInputs(this.#explain(instance)).filter(
      (name) => this.#makersOf(instance, name).length === 0,
    );
  }

  /** All instances of the run by cause, the largest group first. */
  groups(): CauseGroup[] {
    const place = new Map(this.#run.tasks.map(({ taskId }, at) => [taskId, at]));
    const placeOf = ({ taskId }: { readonly taskId: string }): number => place.get(taskId) ?? 0;
    // In topological order, so that upstream causes are found first.
    const instances = this.#run.instances.toSorted((a, b) => placeOf(a) - placeOf(b));
    const groups = Map.groupBy(instances, (instance) => groupOf(this.#rootOf(instance)));
    return Array.from(groups.values(), (members) => {
      const [first] = members;
      if (!first) throw new Error("a group has members");
      const { taskId: causeTask, status, reason, changes, detail } = this.#rootOf(first);
      const tasks = Array.from(
        Map.groupBy(members, ({ taskId }) => taskId),
        ([taskId, ofTask]) => ({
          taskId,
          count: ofTask.length,
        }),
      );
      return { taskId: causeTask, status, reason, changes, detail, count: members.length, tasks };
    }).sort((a, b) => b.count - a.count);
  }

  #explain(instance: TaskInstance): Explanation {
    return explainInstance(instance, this.#decisions.get(instanceKey(instance)));
  }

  /** Terminates: Dags have no cycles. */
  #rootOf(instance: TaskInstance): Cause {
    const known = this.#found.get(instanceKey(instance));
    if (known) return known;
    const explanation = this.#explain(instance);
    const above = this.#makerOfChange(instance, explanation);
    const { taskId, mapIndex } = instance;
    const { status, reason, changes, detail } = explanation;
    const cause = above ? this.#rootOf(above) : { taskId, mapIndex, status, reason, changes, detail };
    this.#found.set(instanceKey(instance), cause);
    return cause;
  }

  /** Only where nothing but inputs changed; for any other change, the instance itself is the cause. */
  #makerOfChange(instance: TaskInstance, { reason, changes }: Explanation): TaskInstance | undefined {
    if (reason !== "input_changed" || changes.some(({ kind }) => kind !== "input")) return undefined;
    const makers = changes.flatMap(({ path }) => this.#makersOf(instance, path));
    // A task that ran may have returned something new; a hit has an earlier result.
    return makers.find(({ cacheStatus }) => cacheStatus !== "hit") ?? makers[0];
  }

  #makersOf({ taskId, mapIndex }: TaskInstance, input: string): TaskInstance[] {
    const task = this.#tasks.get(taskId);
    const template = [...(task?.args ?? []), ...(task?.expand ?? [])].find(([name]) => name === input)?.[1];
    const taskIds = template ? [...new Set(resultsIn(template))] : [];
    // In a mapped task, the instance with the same index is the likely cause, otherwise any with a new
    // result.
    return taskIds.flatMap((id) => {
      const same = this.#instances.get(instanceKey({ taskId: id, mapIndex }));
      const first = this.#firstOf.get(id);
      return [...(same ? [same] : []), ...(first ? [first] : [])];
    });
  }
}

function changedInputs({ changes }: Explanation): string[] {
  return changes.filter(({ kind }) => kind === "input").map(({ path }) => path);
}

/** One group for all hits, and one for each changed component, whichever instances of a task it affects. */
function groupOf({ taskId, status, reason, changes, detail }: Cause): string {
  if (status === "hit") return "hit";
  const changed = changes.map(({ kind, path }) => [kind, path]);
  return JSON.stringify([taskId, status === null ? detail : null, reason, changed, reason ? detail : null]);
}
