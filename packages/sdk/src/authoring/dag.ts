// A Dag as its author writes it. Declares; nothing runs.

import { MemodagError } from "@memodag/core";
import { createIf, createSwitch, type CaseValue, type IfBranch, type SwitchBranch } from "./branch.ts";
import { show } from "./dag-fault.ts";
import { attachState, type DagState } from "./dag-state.ts";
import { readDagSettings, type DagOptions } from "./dag-options.ts";
import { IDENTIFIER_RULE, isIdentifier } from "./identifier.ts";
import { TaskGroup } from "./task-group.ts";
import type { TaskRef } from "./task-ref.ts";
import { TaskScope } from "./task-scope.ts";

/**
 * A graph of tasks. Export it from a Dag file:
 *
 * ```ts
 * export const dag = new Dag("penguins", { schedule: "@daily" });
 * const load = dag.task("load", async ({ path }: { path: string }) => readRows(path), { cache: true });
 * load({ path: "data/penguins.json" });
 * ```
 *
 * Whatever cannot be right throws `dag_invalid`, naming the Dag, the task and the mend.
 */
export class Dag extends TaskScope {
  readonly #state: DagState;

  constructor(dagId: string, options: DagOptions = {}) {
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
      groups: new Map(),
      groupEdges: [],
      branches: new Map(),
    };
    super(state, null);
    this.#state = state;
    attachState(this, state);
  }

  /** Declares a group of tasks, whose ids begin with the group's. */
  taskGroup(groupId: string): TaskGroup {
    return new TaskGroup(this.#state, null, groupId);
  }

  /**
   * Lets the result of one task choose which of two others runs:
   *
   * ```ts
   * dag.if(hasRows({ rows })).then(loaded).else(reported);
   * ```
   *
   * What is not chosen is skipped, whatever its trigger rule; what comes after it goes by its own. A
   * target may be a task group: then all of its tasks run, or none.
   */
  if(condition: TaskRef<boolean>): IfBranch {
    return createIf(this.#state, condition);
  }

  /**
   * Lets the result of one task choose among several, by what it returned:
   *
   * ```ts
   * dag.switch(cadence()).case("daily", daily).case("weekly", weekly).default(never);
   * ```
   *
   * or by the task that it returned, `() => (isMonday() ? weekly : daily)`:
   *
   * ```ts
   * dag.switch(pick()).case(daily).case(weekly);
   * ```
   *
   * What is not chosen is skipped as with `if`.
   */
  switch<T extends CaseValue>(decider: TaskRef<T>): SwitchBranch<T> {
    return createSwitch(this.#state, decider);
  }
}
