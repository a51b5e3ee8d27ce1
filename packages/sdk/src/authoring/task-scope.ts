// Where tasks are declared: a Dag, or a group of its tasks, which puts its id before theirs.

import type { JsonValue } from "@memodag/core";
import { readCommandOptions, type CommandArguments, type CommandOptions } from "./command-options.ts";
import { dagInvalid, show, type FaultPlace } from "./dag-fault.ts";
import type { DagState, GroupDeclaration, TaskDeclaration } from "./dag-state.ts";
import type { AnyHandler, Handler, NamesOf, NoArguments, ResultOf } from "./handler.ts";
import type { JsonResult } from "./json-check.ts";
import { newNodeId } from "./node-id.ts";
import { groupsAround } from "./order-edges.ts";
import { createTaskFactory, type TaskFactory } from "./task-factory.ts";
import { readTaskSettings, type NamedTaskOptions, type TaskOptions } from "./task-options.ts";

/** Declares tasks. */
export abstract class TaskScope {
  readonly dagId: string;
  readonly #dag: DagState;
  readonly #group: GroupDeclaration | null;

  protected constructor(dag: DagState, group: GroupDeclaration | null) {
    this.dagId = dag.dagId;
    this.#dag = dag;
    this.#group = group;
  }

  /**
   * Declares a task. The handler takes one object of named arguments and returns JSON. Call the
   * factory once to place the task; what the call returns stands for the task's result.
   */
  task<Args extends object = NoArguments, Result = unknown>(
    taskId: string,
    handler: Handler<Args, Result> & JsonResult<Awaited<NoInfer<Result>>>,
    options?: TaskOptions<NamesOf<NoInfer<Args>>>,
  ): TaskFactory<Args, ResultOf<Result>>;
  /** Declares a task whose id is the handler's name, unless the options say otherwise. */
  task<Args extends object = NoArguments, Result = unknown>(
    handler: Handler<Args, Result> & JsonResult<Awaited<NoInfer<Result>>>,
    options?: NamedTaskOptions<NamesOf<NoInfer<Args>>>,
  ): TaskFactory<Args, ResultOf<Result>>;
  task(
    first: string | AnyHandler,
    second?: AnyHandler | NamedTaskOptions,
    third?: TaskOptions,
  ): TaskFactory<never, unknown> {
    const task =
      typeof first === "function"
        ? this.#declare((second as NamedTaskOptions | undefined)?.taskId ?? first.name, first, second)
        : this.#declare(first, second, third);
    return createTaskFactory(this.#dag, task);
  }

  /**
   * Declares a task that runs a program:
   *
   * ```ts
   * const fit = dag.command<Model>("fit", { command: ["python3", "fit.py"], sources: ["fit.py"], cache: true });
   * fit({ rows: load(), depth: 3 });
   * ```
   *
   * The program finds the named arguments as one JSON object in the file named by `$MEMODAG_INPUTS`, and
   * leaves its result as JSON in the file named by `$MEMODAG_RESULT`; no file, or an empty one, is `null`.
   * Exit code 0 is success. What it prints goes to the log. `Result` is believed, not checked.
   *
   * A cached command's key has its arguments, its `command`, `cwd`, `env` and `sources`, and not the
   * program itself, such as Python and its packages: name their versions in `cache.version`, or name a
   * lock file among the `sources`.
   */
  command<Result = JsonValue>(
    taskId: string,
    options: CommandOptions,
  ): TaskFactory<CommandArguments, Result> {
    const place = this.#newPlace(taskId);
    const { command, settings } = readCommandOptions(place, options, this.#dag.settings.defaultArgs);
    return createTaskFactory(
      this.#dag,
      this.#add({ taskId: place.taskId, handler: null, command, settings }),
    );
  }

  #declare(taskId: unknown, handler: unknown, options: unknown): TaskDeclaration {
    const place = this.#newPlace(taskId);
    if (typeof handler !== "function") {
      throw dagInvalid(place, {
        problem: `its handler is ${show(handler)}`,
        mend: "write a function of one object of named arguments",
      });
    }
    return this.#add({
      taskId: place.taskId,
      handler: handler as AnyHandler,
      command: null,
      settings: readTaskSettings(place, options, this.#dag.settings.defaultArgs),
    });
  }

  /** The place of a task to come, whose id no other node has. */
  #newPlace(id: unknown): FaultPlace & { readonly taskId: string } {
    if (id === "") {
      throw dagInvalid(
        { dagId: this.dagId },
        {
          problem: "a task's handler has no name to make an id of",
          mend: 'write the id first, such as dag.task("load", …)',
        },
      );
    }
    return { dagId: this.dagId, taskId: newNodeId(this.#dag, this.#group, "task", id) };
  }

  #add(declared: Omit<TaskDeclaration, "group" | "upstream" | "placement">): TaskDeclaration {
    const task: TaskDeclaration = { ...declared, group: this.#group, upstream: new Set(), placement: null };
    this.#dag.tasks.set(task.taskId, task);
    for (const group of groupsAround(task)) group.taskIds.add(task.taskId);
    return task;
  }
}
