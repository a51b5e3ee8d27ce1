// `triggerDagRun(…)`, which is passed to `dag.task` in place of a handler, as in Airflow's TypeScript SDK.

import type { TriggerDagRunOptions } from "./run-step-options.ts";
import type { TaskRef } from "./task-ref.ts";

/** Symbol under which it keeps its options. Registered, so that all copies of this package share it. */
const SPEC: unique symbol = Symbol.for("memodag.trigger-dag-run");

type TaskOptionName =
  | "retries"
  | "retryDelay"
  | "retryExponentialBackoff"
  | "maxRetryDelay"
  | "executionTimeout"
  | "triggerRule"
  | "onSuccess"
  | "onFailure"
  | "onRetry";

/** The run to trigger. */
export type TriggerDagRunSpec = Omit<TriggerDagRunOptions, TaskOptionName>;

/** Options of the task that triggers it. */
export interface TriggerTaskOptions extends Pick<TriggerDagRunOptions, TaskOptionName> {
  /** Queue of the workers. It has no effect: the scheduler triggers the run. */
  readonly queue?: string;
}

/** A task that triggers a run of another Dag. */
export interface TriggerDagRunTask {
  readonly [SPEC]: TriggerDagRunSpec;
}

/** Places a task that takes no arguments. Call it exactly once. */
export interface TriggerFactory {
  (): TaskRef<string>;
  readonly taskId: string;
}

/**
 * A task that triggers a run of another Dag of the same team, for `dag.task`. `dag.triggerDagRun` is shorter.
 *
 * @example
 * ```ts
 * dag.task("report", triggerDagRun({ dagId: "report", waitForCompletion: true }))().after(loaded);
 * ```
 */
export function triggerDagRun(spec: TriggerDagRunSpec): TriggerDagRunTask {
  return Object.freeze({ [SPEC]: spec });
}

/** Returns what was passed to {@link triggerDagRun}, if the value is from it. */
export function findTrigger(value: unknown): { readonly spec: unknown } | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const property = Object.getOwnPropertyDescriptor(value, SPEC);
  return property && { spec: property.value };
}
