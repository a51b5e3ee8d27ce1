// Gives the runtime access to the parts of a Dag.

import { MemodagError, type CallbackEvent } from "@memodag/core";
import type { Dag } from "../authoring/dag.ts";
import { findState, type DagState } from "../authoring/dag-state.ts";
import type { AnyHandler } from "../authoring/handler.ts";
import type { HitlSettings } from "../authoring/hitl.ts";
import type { ResultSchema } from "../schemas/standard-schema.ts";
import type { AnyCallback } from "../context/callback-context.ts";

/** True for a Dag created by this or another copy of this package. */
export function isDag(value: unknown): value is Dag {
  return findState(value) !== undefined;
}

/**
 * Returns the state of a Dag.
 * @throws TypeError for any other value, which typed callers cannot pass.
 */
export function getState(dag: Dag): DagState {
  const state = findState(dag);
  if (!state) throw new TypeError("not a Dag");
  return state;
}

/** Returns the ids of all declared tasks, in order of declaration. */
export function listTaskIds(dag: Dag): string[] {
  return [...getState(dag).tasks.keys()];
}

/**
 * Returns the handlers of all declared tasks that have one, by task id, in order of declaration.
 */
export function listHandlers(dag: Dag): Map<string, AnyHandler> {
  const handlers = new Map<string, AnyHandler>();
  for (const { taskId, handler } of getState(dag).tasks.values()) {
    if (handler) handlers.set(taskId, handler);
  }
  return handlers;
}

/** Returns the validators of commands' results, by task id, in order of declaration. */
export function listResultSchemas(dag: Dag): Map<string, ResultSchema> {
  const schemas = new Map<string, ResultSchema>();
  for (const { taskId, resultSchema } of getState(dag).tasks.values()) {
    if (resultSchema) schemas.set(taskId, resultSchema);
  }
  return schemas;
}

/** Returns the settings of tasks that wait for an answer, by task id, in order of declaration. */
export function listHitl(dag: Dag): Map<string, HitlSettings> {
  const asking = new Map<string, HitlSettings>();
  for (const { taskId, hitl } of getState(dag).tasks.values()) if (hitl) asking.set(taskId, hitl);
  return asking;
}

/** Returns the callback of a task, or of a transaction, for an event, or `undefined` if it has none. */
export function findCallback(dag: Dag, nodeId: string, event: CallbackEvent): AnyCallback | undefined {
  const { tasks, groups } = getState(dag);
  const callbacks: ReadonlyMap<CallbackEvent, AnyCallback> | undefined =
    tasks.get(nodeId)?.settings.callbacks ?? groups.get(nodeId)?.transaction?.callbacks;
  return callbacks?.get(event);
}

/**
 * Returns the handler of a task.
 * @throws MemodagError `task_not_found`
 */
export function getHandler(dag: Dag, taskId: string): AnyHandler {
  const { dagId, tasks } = getState(dag);
  const task = tasks.get(taskId);
  if (task?.handler) return task.handler;
  if (task) {
    throw new MemodagError(
      "task_not_found",
      `Task "${taskId}" of Dag "${dagId}" has no handler: ${task.command ? "run its command" : "the scheduler carries it out"}`,
      { fields: { dagId, taskId } },
    );
  }
  throw new MemodagError(
    "task_not_found",
    `Dag "${dagId}" has no task "${taskId}": it has ${[...tasks.keys()].join(", ") || "none"}`,
    { fields: { dagId, taskId } },
  );
}
