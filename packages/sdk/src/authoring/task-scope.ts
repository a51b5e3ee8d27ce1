// Declares tasks: the base of a Dag and of a task group, which prefixes their ids.

import type { JsonValue } from "@memodag/core";
import type { SavedResult, SavesEntries } from "./command-entries.ts";
import {
  readCommandOptions,
  type CheckedCommandOptions,
  type CommandArguments,
  type CommandOptions,
} from "./command-options.ts";
import { dagInvalid, show, type FaultPlace } from "./dag-fault.ts";
import type { DagState, GroupDeclaration, TaskDeclaration } from "./dag-state.ts";
import type { AnyHandler, Handler, NamesOf, NoArguments, ResultOf } from "./handler.ts";
import { findHitl, type DeclaredHitl, type HITLResult, type HITLTask, type HITLTaskOptions } from "./hitl.ts";
import { readHitl } from "./hitl-options.ts";
import type { JsonResult } from "./json-check.ts";
import { newNodeId } from "./node-id.ts";
import { groupsAround } from "./order-edges.ts";
import type { Poke, PokeAnswer, SensorFactory } from "./poke.ts";
import {
  readTriggerOptions,
  readTriggerTask,
  readWaitOptions,
  type RunStepDeclaration,
  type TriggerDagRunOptions,
  type WaitForDagRunOptions,
} from "./run-step-options.ts";
import { readSensorOptions, type NamedSensorOptions, type SensorOptions } from "./sensor-options.ts";
import type { OutputOf, ResultSchema } from "../schemas/standard-schema.ts";
import { createTaskFactory, type TaskFactory } from "./task-factory.ts";
import {
  readTaskSettings,
  type NamedTaskOptions,
  type DagTaskDefaults,
  type TaskOptions,
} from "./task-options.ts";
import type { TaskRef } from "./task-ref.ts";
import {
  findTrigger,
  type TriggerDagRunTask,
  type TriggerFactory,
  type TriggerTaskOptions,
} from "./trigger-dag-run.ts";

/** Declares tasks. Base class of {@link Dag} and {@link TaskGroup}. */
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
   * Declares a task. The handler takes one object of named arguments and returns JSON, or a promise
   * of it. Call the returned factory once to place the task; the ref that the call returns stands
   * for the task's result.
   *
   * @example
   * ```ts
   * const load = dag.task("load", ({ path }: { path: string }) => readRows(path), { cache: true, retries: 2 });
   * const rows = load({ path: "data/penguins.json" });
   * ```
   *
   * @throws MemodagError `dag_invalid` for an invalid id, option or handler
   */
  task<Args extends object = NoArguments, Result = unknown>(
    taskId: string,
    handler: Handler<Args, Result> & JsonResult<Awaited<NoInfer<Result>>>,
    options?: TaskOptions<NamesOf<NoInfer<Args>>, NoInfer<Args>>,
  ): TaskFactory<Args, ResultOf<Result>>;
  /**
   * Declares a task whose id is the name of the handler function, or the option `taskId`.
   *
   * @example
   * ```ts
   * const load = dag.task(async function load({ path }: { path: string }) {
   *   return readRows(path);
   * });
   * ```
   */
  task<Args extends object = NoArguments, Result = unknown>(
    handler: Handler<Args, Result> & JsonResult<Awaited<NoInfer<Result>>>,
    options?: NamedTaskOptions<NamesOf<NoInfer<Args>>, NoInfer<Args>>,
  ): TaskFactory<Args, ResultOf<Result>>;
  /**
   * Declares a task that waits for an answer from a person, in place of a handler.
   *
   * @example
   * ```ts
   * const signOff = dag.task("sign_off", approval({ subject: "Ship it?" }));
   * ```
   */
  task<Args extends object>(
    taskId: string,
    human: HITLTask<Args>,
    options?: HITLTaskOptions,
  ): TaskFactory<Args, HITLResult>;
  /**
   * Declares a task that triggers a run of another Dag, in place of a handler. {@link triggerDagRun} does the
   * same without a factory.
   *
   * @example
   * ```ts
   * dag.task("report", triggerDagRun({ dagId: "report" }))().after(loaded);
   * ```
   */
  task(taskId: string, trigger: TriggerDagRunTask, options?: TriggerTaskOptions): TriggerFactory;
  task(trigger: TriggerDagRunTask, options: TriggerTaskOptions & { readonly taskId: string }): TriggerFactory;
  task(
    first: string | AnyHandler | TriggerDagRunTask,
    second?: AnyHandler | NamedTaskOptions | HITLTask<never> | TriggerDagRunTask,
    third?: TaskOptions,
  ): TaskFactory<never, unknown> | TriggerFactory {
    const human = findHitl(second);
    if (human) return this.#declareHitl(first, human, third);
    const named = findTrigger(second);
    if (named) return this.#declareTrigger(first, named.spec, third);
    const unnamed = findTrigger(first);
    if (unnamed) return this.#declareTrigger((second as NamedTaskOptions)?.taskId, unnamed.spec, second);
    const task =
      typeof first === "function"
        ? this.#declare((second as NamedTaskOptions | undefined)?.taskId ?? first.name, first, second)
        : this.#declare(first, second, third);
    return createTaskFactory(this.#dag, task);
  }

  /**
   * Declares a task that runs a program.
   *
   * The program reads its named arguments as one JSON object from the file named by
   * `$MEMODAG_INPUTS` and writes its result as JSON to the file named by `$MEMODAG_RESULT`. A
   * missing or empty file means `null`. Exit code 0 means success. Output goes to the attempt's
   * log. `Result` is not checked; with a Standard Schema in the option `result` it is, and the
   * validator's output is the result.
   *
   * The cache key of a cached command covers its arguments, `command`, `cwd`, `env`, `sources` and the
   * executable. It does not cover the packages and libraries of the program: put their versions in
   * `cache.version`, or list a lock file in `sources`.
   *
   * @example
   * ```ts
   * const fit = dag.command<Model>("fit", { command: ["python3", "fit.py"], sources: ["fit.py"], cache: true });
   * fit({ rows: load(), depth: 3 });
   * ```
   */
  command<Schema extends ResultSchema>(
    taskId: string,
    options: CheckedCommandOptions<Schema & JsonResult<OutputOf<NoInfer<Schema>>>> & SavesEntries,
  ): TaskFactory<CommandArguments, SavedResult<ResultOf<OutputOf<Schema>>>>;
  command<Schema extends ResultSchema>(
    taskId: string,
    options: CheckedCommandOptions<Schema & JsonResult<OutputOf<NoInfer<Schema>>>>,
  ): TaskFactory<CommandArguments, ResultOf<OutputOf<Schema>>>;
  command<Result = JsonValue>(
    taskId: string,
    options: CommandOptions & SavesEntries,
  ): TaskFactory<CommandArguments, SavedResult<Result>>;
  command<Result = JsonValue>(taskId: string, options: CommandOptions): TaskFactory<CommandArguments, Result>;
  command(taskId: string, options: CommandOptions): TaskFactory<CommandArguments, unknown> {
    const place = this.#newPlace(taskId);
    const declared = readCommandOptions(place, options, this.#dag.settings.defaultArgs);
    return createTaskFactory(this.#dag, this.#add({ taskId: place.taskId, handler: null, ...declared }));
  }

  /**
   * Declares a task that waits for a condition. Its handler is called repeatedly until it returns
   * `true`, or `{ done: true, value }` to give a result. A try that takes longer than `timeout`
   * fails without retry.
   *
   * @example
   * ```ts
   * const file = dag.sensor("file", ({ path }: { path: string }) => existsSync(path), {
   *   mode: "reschedule", pokeInterval: "1m", timeout: "2h",
   * });
   * ```
   */
  sensor<Args extends object = NoArguments, Answer extends PokeAnswer = boolean>(
    taskId: string,
    poke: Poke<Args, Answer>,
    options?: SensorOptions<NamesOf<NoInfer<Args>>, NoInfer<Args>>,
  ): SensorFactory<Args, Answer>;
  /** Declares a sensor whose id is the name of the handler function, or the option `taskId`. */
  sensor<Args extends object = NoArguments, Answer extends PokeAnswer = boolean>(
    poke: Poke<Args, Answer>,
    options?: NamedSensorOptions<NamesOf<NoInfer<Args>>, NoInfer<Args>>,
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
   * Places a task that triggers a run of another Dag of the same team. Its result is the run's id.
   * The scheduler carries it out without a worker or slot, even while waiting for the run to end.
   *
   * @example
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
   * Places a task that waits for a run of another Dag of the same team, created elsewhere. Its
   * result is the run's id. By default it waits for the run with the same logical date.
   *
   * @example
   * ```ts
   * dag.waitForDagRun("ingested", { dagId: "ingest", timeout: "6h" }).before(load);
   * ```
   */
  waitForDagRun(taskId: string, options: WaitForDagRunOptions): TaskRef<string>;
  waitForDagRun(options: WaitForDagRunOptions & { readonly taskId: string }): TaskRef<string>;
  waitForDagRun(first: unknown, options?: unknown): TaskRef<string> {
    return this.#placeRunStep(first, options, readWaitOptions);
  }

  #declareHitl(id: unknown, declared: DeclaredHitl, options: unknown): TaskFactory<never, unknown> {
    const place = this.#newPlace(id);
    const read = readHitl(place, declared, options, this.#dag.settings.defaultArgs);
    const task = this.#add({ taskId: place.taskId, handler: null, command: null, ...read });
    return createTaskFactory(this.#dag, task);
  }

  #placeRunStep(
    first: unknown,
    second: unknown,
    read: (place: FaultPlace, options: unknown, defaults: DagTaskDefaults) => RunStepDeclaration,
  ): TaskRef<string> {
    const isNamedApart = typeof first === "string";
    const options = isNamedApart ? second : first;
    const place = this.#newPlace(isNamedApart ? first : (options as { taskId?: unknown } | null)?.taskId);
    return this.#declareRunStep(place, read(place, options, this.#dag.settings.defaultArgs))();
  }

  #declareTrigger(id: unknown, spec: unknown, options: unknown): TriggerFactory {
    const place = this.#newPlace(id);
    const read = readTriggerTask(place, spec, options, this.#dag.settings.defaultArgs);
    return this.#declareRunStep(place, read);
  }

  #declareRunStep({ taskId }: { readonly taskId: string }, read: RunStepDeclaration): TriggerFactory {
    const { args, ...declared } = read;
    const task = this.#add({ taskId, handler: null, command: null, ...declared });
    const place = createTaskFactory<typeof args, string>(this.#dag, task);
    return Object.assign(() => place(args), { taskId });
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
        fix: "use a function that takes one object of named arguments",
      });
    }
    return this.#add({
      taskId: place.taskId,
      handler: handler as AnyHandler,
      command: null,
      ...read(place, options, this.#dag.settings.defaultArgs),
    });
  }

  /** Returns the place of a new task after checking that its id is free. */
  #newPlace(id: unknown): FaultPlace & { readonly taskId: string } {
    if (id === "") {
      throw dagInvalid(
        { dagId: this.dagId },
        {
          problem: "a task's handler has no name to derive an id from",
          fix: 'pass the id first, such as dag.task("load", …)',
        },
      );
    }
    return { dagId: this.dagId, taskId: newNodeId(this.#dag, this.#group, "task", id) };
  }

  #add(declared: Omit<TaskDeclaration, "group" | "upstream" | "placement">): TaskDeclaration {
    const task: TaskDeclaration = { ...declared, group: this.#group, upstream: new Set(), placement: null };
    this.#dag.taskCount += 1;
    this.#dag.tasks.set(task.taskId, task);
    for (const group of groupsAround(task)) group.taskIds.add(task.taskId);
    return task;
  }
}

/** Reads the options of a task that has a handler. */
type HandlerOptionsReader = (
  place: FaultPlace,
  options: unknown,
  defaults: DagTaskDefaults,
) => Pick<TaskDeclaration, "settings" | "sensor">;

const readHandlerOptions: HandlerOptionsReader = (place, options, defaults) => ({
  settings: readTaskSettings(place, options, defaults),
});
