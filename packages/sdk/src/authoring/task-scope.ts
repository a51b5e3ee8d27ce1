// Where tasks are declared: a Dag, or a group of its tasks, which puts its id before theirs.

import type { JsonValue } from "@memodag/core";
import { readCommandOptions, type CommandArguments, type CommandOptions } from "./command-options.ts";
import { dagInvalid, show, type FaultPlace } from "./dag-fault.ts";
import type { DagState, GroupDeclaration, TaskDeclaration } from "./dag-state.ts";
import type { AnyHandler, Handler, NamesOf, NoArguments, ResultOf } from "./handler.ts";
import type { JsonResult } from "./json-check.ts";
import { newNodeId } from "./node-id.ts";
import { groupsAround } from "./order-edges.ts";
import type { Poke, PokeAnswer, SensorFactory } from "./poke.ts";
import {
  readTriggerOptions,
  readWaitOptions,
  type RunStepDeclaration,
  type TriggerDagRunOptions,
  type WaitForDagRunOptions,
} from "./run-step-options.ts";
import { readSensorOptions, type NamedSensorOptions, type SensorOptions } from "./sensor-options.ts";
import { createTaskFactory, type TaskFactory } from "./task-factory.ts";
import {
  readTaskSettings,
  type NamedTaskOptions,
  type TaskDefaults,
  type TaskOptions,
} from "./task-options.ts";
import type { TaskRef } from "./task-ref.ts";

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

  /**
   * Declares a task that waits for something: its handler is asked again and again until it answers
   * `true`, or `{ done: true, value }` for a result.
   *
   * ```ts
   * const file = dag.sensor("file", ({ path }: { path: string }) => existsSync(path), {
   *   mode: "reschedule", pokeInterval: "1m", timeout: "2h",
   * });
   * ```
   *
   * A try that goes on for longer than `timeout` fails and is not tried again.
   */
  sensor<Args extends object = NoArguments, Answer extends PokeAnswer = boolean>(
    taskId: string,
    poke: Poke<Args, Answer>,
    options?: SensorOptions<NamesOf<NoInfer<Args>>>,
  ): SensorFactory<Args, Answer>;
  /** Declares a sensor whose id is the handler's name, unless the options say otherwise. */
  sensor<Args extends object = NoArguments, Answer extends PokeAnswer = boolean>(
    poke: Poke<Args, Answer>,
    options?: NamedSensorOptions<NamesOf<NoInfer<Args>>>,
  ): SensorFactory<Args, Answer>;
  sensor(
    first: string | AnyHandler,
    second?: AnyHandler | NamedSensorOptions,
    third?: SensorOptions,
  ): TaskFactory<never, unknown> {
    const [taskId, poke, options] =
      typeof first === "function"
        ? [(second as NamedSensorOptions | undefined)?.taskId ?? first.name, first, second]
        : [first, second, third];
    return createTaskFactory(this.#dag, this.#declare(taskId, poke, options, readSensorOptions));
  }

  /**
   * Places a task that makes a run of another Dag of the team, and gives the run's id. The scheduler does
   * it by itself: no worker, no slot, also while it waits for the run's end.
   *
   * ```ts
   * dag.triggerDagRun("report", { dagId: "report", conf: { rows: load() }, waitForCompletion: true });
   * ```
   */
  triggerDagRun(taskId: string, options: TriggerDagRunOptions): TaskRef<string>;
  triggerDagRun(options: TriggerDagRunOptions & { readonly taskId: string }): TaskRef<string>;
  triggerDagRun(first: unknown, options?: unknown): TaskRef<string> {
    return this.#placeRunStep(first, options, readTriggerOptions);
  }

  /**
   * Places a task that waits for a run of another Dag of the team, which somebody else makes, and gives
   * the run's id. It waits for the run of the same logical date, unless its options name another.
   */
  waitForDagRun(taskId: string, options: WaitForDagRunOptions): TaskRef<string>;
  waitForDagRun(options: WaitForDagRunOptions & { readonly taskId: string }): TaskRef<string>;
  waitForDagRun(first: unknown, options?: unknown): TaskRef<string> {
    return this.#placeRunStep(first, options, readWaitOptions);
  }

  #placeRunStep(
    first: unknown,
    second: unknown,
    read: (place: FaultPlace, options: unknown, defaults: TaskDefaults) => RunStepDeclaration,
  ): TaskRef<string> {
    const isNamedApart = typeof first === "string";
    const options = isNamedApart ? second : first;
    const place = this.#newPlace(isNamedApart ? first : (options as { taskId?: unknown } | null)?.taskId);
    const { args, ...declared } = read(place, options, this.#dag.settings.defaultArgs);
    const task = this.#add({ taskId: place.taskId, handler: null, command: null, ...declared });
    return createTaskFactory<typeof args, string>(this.#dag, task)(args);
  }

  #declare(
    taskId: unknown,
    handler: unknown,
    options: unknown,
    read: HandlerOptionsReader = readHandlerOptions,
  ): TaskDeclaration {
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
      ...read(place, options, this.#dag.settings.defaultArgs),
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

/** Reads what an author says of a task that has a handler. */
type HandlerOptionsReader = (
  place: FaultPlace,
  options: unknown,
  defaults: TaskDefaults,
) => Pick<TaskDeclaration, "settings" | "sensor">;

const readHandlerOptions: HandlerOptionsReader = (place, options, defaults) => ({
  settings: readTaskSettings(place, options, defaults),
});
