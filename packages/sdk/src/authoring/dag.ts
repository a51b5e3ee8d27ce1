// A Dag as its author writes it. It declares tasks; nothing runs while a Dag file is read.

import { MemodagError, type JsonValue } from "@memodag/core";
import {
  createIf,
  createSwitch,
  type CaseValue,
  type DeciderCall,
  type IfBranch,
  type SwitchBranch,
} from "./branch.ts";
import { show } from "./dag-fault.ts";
import { attachState, type DagState } from "./dag-state.ts";
import { readDagSettings, type DagOptions } from "./dag-options.ts";
import type { GraphNode } from "./graph-node.ts";
import type { Handler, NoArguments, ResultOf } from "./handler.ts";
import { IDENTIFIER_RULE, isIdentifier } from "./identifier.ts";
import type { ParamDeclarations, ParamValues } from "../schemas/param-types.ts";
import { TaskGroup, Transaction } from "./task-group.ts";
import type { TaskRef } from "./task-ref.ts";
import { TaskScope } from "./task-scope.ts";
import type { TransactionOptions } from "./transaction-options.ts";

/**
 * A graph of tasks. Export it from a Dag file.
 *
 * Every method throws `dag_invalid` for an invalid declaration; the message names the Dag, the
 * task, the problem and the fix.
 *
 * @example
 * ```ts
 * export const dag = new Dag("penguins", { schedule: "@daily" });
 * const load = dag.task("load", async ({ path }: { path: string }) => readRows(path), { cache: true });
 * load({ path: "data/penguins.json" });
 * ```
 */
export class Dag<const Params extends ParamDeclarations = ParamDeclarations> extends TaskScope {
  /** The declared params, for the compiler only. There is no such property. */
  declare readonly "~params"?: Params;
  readonly #state: DagState;

  constructor(dagId: string, options: DagOptions<Params> = {}) {
    if (!isIdentifier(dagId)) {
      throw new MemodagError("dag_invalid", `${show(dagId)} is not a Dag id: ${IDENTIFIER_RULE}`, {
        fields: { dagId: String(dagId) },
      });
    }
    const settings = readDagSettings(dagId, options);
    const state: DagState = {
      dagId,
      settings,
      tasks: new Map(),
      taskCount: 0,
      groups: new Map(),
      groupEdges: [],
      branches: new Map(),
    };
    super(state, null);
    this.#state = state;
    attachState(this, state);
  }

  /**
   * Declares a group of tasks. Their ids are prefixed with the group's id.
   *
   * @example
   * ```ts
   * const extract = dag.taskGroup("extract");
   * extract.task("north", readNorth)(); // the task "extract.north"
   * ```
   */
  taskGroup(groupId: string): TaskGroup {
    return new TaskGroup(this.#state, null, groupId);
  }

  /**
   * Declares a transaction: a group of tasks whose cached results become visible to other runs together, when all of
   * its tasks have ended well. If one of them fails after its last attempt, none of the results is stored.
   *
   * @example
   * ```ts
   * const load = dag.transaction("load", { onRollback: dropStaging });
   * const rows = load.task("fetch", fetchRows, { cache: true })({ day });
   * load.task("check", check, { cache: true })({ rows }); // fails: neither result is stored
   * ```
   */
  transaction(transactionId: string, options: TransactionOptions = {}): Transaction {
    return new Transaction(this.#state, null, transactionId, options);
  }

  /**
   * Selects which of two targets runs, by the boolean result of a task.
   *
   * The target that is not selected is skipped, whatever its trigger rule. Tasks after it follow
   * their own trigger rules. A target may be a task group: then either all of its tasks run or
   * none.
   *
   * @example
   * ```ts
   * dag.if(hasRows({ rows })).then(loaded).else(reported);
   * ```
   */
  if(condition: TaskRef<boolean>): IfBranch;
  /**
   * Declares the deciding task as well. Its id is the name of the handler function, or the option `taskId`.
   *
   * @example
   * ```ts
   * dag.if(async function hasRows({ rows }: { rows: Row[] }) { return rows.length > 0; }, { rows }).then(loaded);
   * ```
   */
  if<Args extends object = NoArguments>(
    handler: Handler<Args, boolean | Promise<boolean>>,
    ...call: DeciderCall<NoInfer<Args>>
  ): IfBranch;
  if(decider: unknown, args?: object, options?: object): IfBranch {
    return createIf(this.#state, this.#deciderOf(decider, args, options));
  }

  /**
   * Selects one of several targets, by the result of a task. Targets that are not selected are
   * skipped, as with {@link Dag.if}.
   *
   * @example By value
   * ```ts
   * dag.switch(cadence()).case("daily", daily).case("weekly", weekly).default(never);
   * ```
   *
   * @example By task: the decider returns the task to run, `() => (isMonday() ? weekly : daily)`
   * ```ts
   * dag.switch(pick()).case(daily).case(weekly);
   * ```
   */
  switch<T extends CaseValue>(decider: TaskRef<T>): SwitchBranch<T>;
  /** Declares the deciding task as well, as {@link Dag.if} does. */
  switch<Args extends object = NoArguments, Result extends CaseValue | GraphNode = string>(
    handler: Handler<Args, Result | Promise<Result>>,
    ...call: DeciderCall<NoInfer<Args>>
  ): SwitchBranch<ResultOf<Result>>;
  switch(decider: unknown, args?: object, options?: object): SwitchBranch<CaseValue> {
    return createSwitch(this.#state, this.#deciderOf(decider, args, options));
  }

  /** The decider's ref. A factory is a function as well, and no handler. */
  #deciderOf(decider: unknown, args: object = {}, options: object = {}): unknown {
    if (typeof decider !== "function" || Object.hasOwn(decider, "taskId")) return decider;
    return this.task(decider as Handler<Record<string, JsonValue>, boolean>, options)(args as never);
  }
}

/**
 * The types of a Dag's params.
 *
 * @example
 * ```ts
 * const depthOf = ({ depth }: ParamsOf<typeof dag>): number => depth;
 * ```
 */
export type ParamsOf<D extends Dag> = ParamValues<NonNullable<D["~params"]>>;
