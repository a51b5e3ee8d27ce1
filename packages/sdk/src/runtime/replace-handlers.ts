// A Dag of which some tasks do something else than their author wrote: for tests of the Dag.

import type { Dag } from "../authoring/dag.ts";
import { attachState } from "../authoring/dag-state.ts";
import type { AnyHandler } from "../authoring/handler.ts";
import { getState } from "./list-handlers.ts";

/**
 * A copy of a Dag in which each task named runs the handler given, whatever it was: a command, a sensor,
 * a step that the scheduler carries out. Graph and options stay. Ids that the Dag does not have are ignored.
 */
export function replaceHandlers(dag: Dag, handlers: ReadonlyMap<string, AnyHandler>): Dag {
  const state = getState(dag);
  const tasks = new Map(
    Array.from(state.tasks, ([taskId, task]) => {
      const handler = handlers.get(taskId);
      if (!handler) return [taskId, task] as const;
      const { sensor: _sensor, runStep: _runStep, ...rest } = task;
      return [taskId, { ...rest, handler, command: null }] as const;
    }),
  );
  const copy = { dagId: dag.dagId };
  attachState(copy, { ...state, tasks });
  // The runtime knows a Dag by its state alone.
  return copy as Dag;
}
