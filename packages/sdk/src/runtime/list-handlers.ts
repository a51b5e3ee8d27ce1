// Finds a Dag's parts behind its public face.

import { MemodagError, type CallbackEvent } from "@memodag/core";
import type { Dag } from "../authoring/dag.ts";
import { findState, type DagState } from "../authoring/dag-state.ts";
import type { AnyHandler } from "../authoring/handler.ts";
import type { TaskCallback } from "../context/callback-context.ts";

/** True for a Dag, made by this or another copy of this package. */
export function isDag(value: unknown): value is Dag {
  return findState(value) !== undefined;
}

/**
 * The state of a Dag.
 * @throws TypeError for anything else, which no typed caller can pass.
 */
export function getState(dag: Dag): DagState {
  const state = findState(dag);
  if (!state) throw new TypeError("not a Dag");
  return state;
}

/** Ids of every declared task, in order of declaration. */
export function listTaskIds(dag: Dag): string[] {
  return [...getState(dag).tasks.keys()];
}

/** The handler of every declared task that has one, by id, in order of declaration. */
export function listHandlers(dag: Dag): Map<string, AnyHandler> {
  const handlers = new Map<string, AnyHandler>();
  for (const { taskId, handler } of getState(dag).tasks.values()) {
    if (handler) handlers.set(taskId, handler);
  }
  return handlers;
}

/** What a task's author wants to be called with; `undefined`: the task has no such callback. */
export function findCallback(dag: Dag, taskId: string, event: CallbackEvent): TaskCallback | undefined {
  return getState(dag).tasks.get(taskId)?.settings.callbacks?.get(event);
}

/**
 * One task's handler.
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
