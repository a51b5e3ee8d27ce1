// The factory that dag.task() returns. Calling it once places the task in the Dag.

import type { NamedTemplate } from "@memodag/core";
import { ArgumentReader } from "./argument-template.ts";
import { argumentsReadBy } from "./command-entries.ts";
import type { ArgumentsFor, MappedFor } from "./arguments.ts";
import { dagInvalid } from "./dag-fault.ts";
import type { DagState, TaskDeclaration } from "./dag-state.ts";
import { TaskRef } from "./task-ref.ts";

/** The arguments of a call, optional if no argument is required. */
type Call<Args extends object> = {} extends Args ? [args?: ArgumentsFor<Args>] : [args: ArgumentsFor<Args>];

/** A task with some arguments bound by `partial()`. The remaining ones can be mapped over. */
export interface PartialTask<Remaining extends object, Result> {
  /**
   * Places the task as a mapped task. It has one instance per element, or per combination of
   * elements if several arguments are mapped over; the last argument name varies fastest. The
   * returned ref stands for the list of all results.
   *
   * @example
   * ```ts
   * const models = fit.partial({ rows }).expand({ depth: [2, 3, 4] }); // three instances
   * choose({ models });
   * ```
   */
  expand(mapped: MappedFor<Remaining>): TaskRef<Result[]>;
}

/** Places a task in the Dag. Call it, or its `expand()`, exactly once. */
export interface TaskFactory<Args extends object, Result> extends PartialTask<Args, Result> {
  /**
   * Places the task with these arguments. The returned ref stands for its result.
   *
   * @example
   * ```ts
   * const rows = load({ path: "data/penguins.json" });
   * const model = fit({ rows, depth: 3 });
   * ```
   */
  (...call: Call<Args>): TaskRef<Result>;
  /**
   * Binds the arguments that are the same for every mapped instance.
   *
   * @example
   * ```ts
   * fit.partial({ rows: load() }).expand({ depth: [2, 3, 4] });
   * ```
   */
  partial<Name extends keyof Args>(
    args: Pick<ArgumentsFor<Args>, Name>,
  ): PartialTask<Omit<Args, Name>, Result>;
  readonly taskId: string;
}

/** Creates the factory of a declared task. */
export function createTaskFactory<Args extends object, Result>(
  dag: DagState,
  task: TaskDeclaration,
): TaskFactory<Args, Result> {
  const expandOver = (shared: object) => ({
    expand: (mapped: object) => place<Result[]>(dag, task, shared, mapped),
  });
  const call = (args: object = {}): TaskRef<Result> => place(dag, task, args, null);
  return Object.assign(call, {
    ...expandOver({}),
    partial: expandOver,
    taskId: task.taskId,
  }) as TaskFactory<Args, Result>;
}

function place<T>(dag: DagState, task: TaskDeclaration, given: object, mapped: object | null): TaskRef<T> {
  if (task.placement) {
    throw dagInvalid(
      { dagId: dag.dagId, taskId: task.taskId },
      { problem: "it is called twice", fix: "call it once; declare another task to run the handler again" },
    );
  }
  const reader = new ArgumentReader(dag, task.taskId);
  const args = reader.readArguments(given);
  const expand = mapped === null ? [] : reader.readMapped(mapped);
  refuseTwiceGiven(dag, task, args, expand);
  checkNames(dag, task, [...args, ...expand]);
  for (const taskId of reader.upstream) task.upstream.add(taskId);
  task.placement = { args, expand };
  return new TaskRef<T>({ dag, task, path: [] });
}

function refuseTwiceGiven(
  dag: DagState,
  task: TaskDeclaration,
  args: readonly NamedTemplate[],
  expand: readonly NamedTemplate[],
): void {
  const shared = new Set(args.map(([name]) => name));
  const twice = expand.find(([name]) => shared.has(name));
  if (!twice) return;
  throw dagInvalid(
    { dagId: dag.dagId, taskId: task.taskId },
    { problem: `"${twice[0]}" is passed to both partial() and expand()`, fix: "pass it to one of them" },
  );
}

/** Names that the options use have to be arguments of the call. */
function checkNames(dag: DagState, task: TaskDeclaration, given: readonly NamedTemplate[]): void {
  const { cache, hasNoInputs } = task.settings;
  const where = { dagId: dag.dagId, taskId: task.taskId };
  const names = given.map(([name]) => name);
  if (hasNoInputs && names.length > 0) {
    throw dagInvalid(where, {
      problem: "its cache policy has no INPUTS, so that no argument would be in the key",
      fix: `add INPUTS, or leave arguments out by name, such as INPUTS.minus(${names.map((name) => JSON.stringify(name)).join(", ")})`,
    });
  }
  const used = [
    ...(cache?.excludeInputs ?? []).map((name) => ["cache.excludeInputs contains", name] as const),
    ...(cache?.projections ?? []).map(([name]) => ["cache.inputs contains", name] as const),
    ...argumentsReadBy(task.command?.entries).map((name) => ["entries.in reads", name] as const),
  ];
  const unknown = used.find(([, name]) => !names.includes(name));
  if (unknown === undefined) return;
  throw dagInvalid(where, {
    problem: `${unknown[0]} "${unknown[1]}", which is not an argument of the call`,
    fix: names.length === 0 ? "remove it; there are no arguments" : `use one of ${names.join(", ")}`,
  });
}
