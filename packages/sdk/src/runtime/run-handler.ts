// Runs one task's handler once.

import { RETURN_VALUE, type JsonObject, type PushedXCom } from "@memodag/core";
import type { Dag } from "../authoring/dag.ts";
import { nodeIdOf } from "../authoring/dag-state.ts";
import { findNode } from "../authoring/find-node.ts";
import { runInContext } from "../context/current-context.ts";
import { encodeValue, type AttemptScope } from "./attempt-scope.ts";
import { createContext } from "./create-context.ts";
import { getHandler } from "./list-handlers.ts";

/** What a handler left behind. */
export interface HandlerOutcome {
  /** The returned value first, then what was pushed, by key. */
  readonly xcoms: readonly PushedXCom[];
  /** Context paths that were read and not declared, sorted, such as `params.depth` or `logicalDate`. */
  readonly undeclaredReads: readonly string[];
}

/**
 * Runs a task's handler with its arguments, which must be in canonical form.
 *
 * Rejects with whatever the handler throws.
 * @throws MemodagError `task_not_found`; `value_not_json` or `value_too_large` for the result.
 */
export async function runHandler(
  dag: Dag,
  taskId: string,
  args: JsonObject,
  scope: AttemptScope,
): Promise<HandlerOutcome> {
  const handler = getHandler(dag, taskId);
  const { context, xcoms, listUndeclaredReads } = createContext(scope);
  scope.watchReads?.(listUndeclaredReads);
  const returned = await runInContext(context, async () => handler(args as never));
  // Encoding a result may read the context, where the handler returned a part of it.
  const bytes = encodeValue(idOfNode(returned), scope);
  const pushed = xcoms.close();
  return { xcoms: [{ key: RETURN_VALUE, bytes }, ...pushed], undeclaredReads: listUndeclaredReads() };
}

/** A task or a group that a handler returns, to choose it, leaves the process as its id. */
function idOfNode(returned: unknown): unknown {
  const found = findNode(returned);
  return found ? nodeIdOf(found.node) : returned;
}
