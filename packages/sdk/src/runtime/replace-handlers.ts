// Replaces handlers of a Dag, for tests.

import type { Dag } from "../authoring/dag.ts";
import { attachState } from "../authoring/dag-state.ts";
import type { AnyHandler } from "../authoring/handler.ts";
import { getState } from "./list-handlers.ts";

/**
 * Returns a copy of a Dag in which each given task runs the given handler instead of its own
 * handler, command, sensor or scheduler step. Graph and options are unchanged. Unknown task ids are
 * ignored.
 */
export function replaceHandlers(dag: Dag, handlers: ReadonlyMap<string, AnyHandler>): Dag {
  const state = getState(dag);
  const tasks = new Map(
    Array.from(state.tasks, ([taskId, task]) => {
      const handler = handlers.get(taskId);
      if (!handler) return [taskId, task] as const;
      const { sensor: _sensor, runStep: _runStep, hitl: _hitl, resultSchema: _schema, ...rest } = task;
      return [taskId, { ...rest, handler, command: null }] as const;
    }),
  );
  const copy = { dagId: dag.dagId };
  attachState(copy, { ...state, tasks });
  // The runtime recognizes a Dag by its state alone.
  return copy as Dag;
}
