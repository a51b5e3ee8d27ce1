// What dag.task() returns: calling it once places the task in the Dag.

import type { NamedTemplate } from "@memodag/core";
import { ArgumentReader } from "./argument-template.ts";
import type { ArgumentsFor, MappedFor } from "./arguments.ts";
import { dagInvalid } from "./dag-fault.ts";
import type { DagState, TaskDeclaration } from "./dag-state.ts";
import { TaskRef } from "./task-ref.ts";

/** A call's arguments, which may be left out when none of them is required. */
type Call<Args extends object> = {} extends Args ? [args?: ArgumentsFor<Args>] : [args: ArgumentsFor<Args>];

/** A task whose remaining arguments are to be mapped over. */
export interface PartialTask<Remaining extends object, Result> {
  /**
   * Places the task, mapped: one instance for each element, or for each combination when several
   * arguments are mapped over, the last name fastest. The ref stands for the list of all results.
   */
  expand(mapped: MappedFor<Remaining>): TaskRef<Result[]>;
}

/** Places a task, by one call of it or of `expand`. */
export interface TaskFactory<Args extends object, Result> extends PartialTask<Args, Result> {
  /** Places the task with these arguments. */
  (...call: Call<Args>): TaskRef<Result>;
  /** Gives the arguments that are the same for every mapped instance. */
  partial<Name extends keyof Args>(
    args: Pick<ArgumentsFor<Args>, Name>,
  ): PartialTask<Omit<Args, Name>, Result>;
  readonly taskId: string;
}

/** The factory of a declared task. */
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
      { problem: "it is called twice", mend: "call it once; declare another task to run the handler again" },
    );
  }
  const reader = new ArgumentReader(dag, task.taskId);
  const args = reader.readArguments(given);
  const expand = mapped === null ? [] : reader.readMapped(mapped);
  refuseTwiceGiven(dag, task, args, expand);
  refuseUnknownExclusions(dag, task, [...args, ...expand]);
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
    { problem: `"${twice[0]}" is given to partial() and to expand()`, mend: "give it to one of them" },
  );
}

function refuseUnknownExclusions(
  dag: DagState,
  task: TaskDeclaration,
  given: readonly NamedTemplate[],
): void {
  const names = given.map(([name]) => name);
  const unknown = task.settings.cache?.excludeInputs.find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw dagInvalid(
    { dagId: dag.dagId, taskId: task.taskId },
    {
      problem: `cache.excludeInputs names "${unknown}", which is not an argument of the call`,
      mend: names.length === 0 ? "remove it; there are no arguments" : `name one of ${names.join(", ")}`,
    },
  );
}
