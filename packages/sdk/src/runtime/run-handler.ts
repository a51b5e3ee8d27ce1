// Runs one task's handler: once, or as a sensor's, until it has found what it looks for.

import { RETURN_VALUE, type AttemptSensor, type JsonObject, type PushedXCom } from "@memodag/core";
import type { Dag } from "../authoring/dag.ts";
import { nodeIdOf } from "../authoring/dag-state.ts";
import { findNode } from "../authoring/find-node.ts";
import type { AnyHandler } from "../authoring/handler.ts";
import { runInContext } from "../context/current-context.ts";
import { askUntilFound, type SensorTime } from "./ask-until-found.ts";
import { encodeValue, type AttemptScope } from "./attempt-scope.ts";
import { createContext } from "./create-context.ts";
import { getHandler } from "./list-handlers.ts";

/** What a handler left behind. */
export interface HandlerOutcome {
  readonly kind: "succeeded";
  /** The returned value first, then what was pushed, by key. */
  readonly xcoms: readonly PushedXCom[];
  /** Context paths that were read and not declared, sorted, such as `params.depth` or `logicalDate`. */
  readonly undeclaredReads: readonly string[];
}

/** What a sensor's handler left behind; `rescheduled`: nothing, it is asked again after so many milliseconds. */
export type SensorOutcome = HandlerOutcome | { readonly kind: "rescheduled"; readonly afterMs: number };

/**
 * Runs a task's handler with its arguments, which must be in canonical form.
 *
 * Rejects with whatever the handler throws.
 * @throws MemodagError `task_not_found`; `value_not_json` or `xcom_too_large` for the result.
 */
export async function runHandler(
  dag: Dag,
  taskId: string,
  args: JsonObject,
  scope: AttemptScope,
): Promise<HandlerOutcome> {
  const { handler, run, succeed } = openHandler(dag, taskId, scope);
  return succeed(await run(async () => handler(args as never)));
}

/**
 * Asks a sensor's handler, each time with arguments of its own.
 * @throws MemodagError as {@link runHandler} does; `sensor_timeout`, `sensor_answer_invalid`
 */
export async function runSensor(
  dag: Dag,
  taskId: string,
  args: JsonObject,
  scope: AttemptScope,
  { sensor, time }: { readonly sensor: AttemptSensor; readonly time: SensorTime },
): Promise<SensorOutcome> {
  const { handler, run, succeed } = openHandler(dag, taskId, scope);
  const poke = (): unknown => handler(structuredClone(args) as never);
  const asked = await run(() => askUntilFound(poke, sensor, scope.signal, time));
  return asked.kind === "found" ? succeed(asked.value) : asked;
}

interface OpenHandler {
  readonly handler: AnyHandler;
  /** Runs what calls the handler, with its context. */
  readonly run: <T>(call: () => Promise<T>) => Promise<T>;
  readonly succeed: (returned: unknown) => HandlerOutcome;
}

function openHandler(dag: Dag, taskId: string, scope: AttemptScope): OpenHandler {
  const handler = getHandler(dag, taskId);
  const { xcoms, listUndeclaredReads, ...running } = createContext(scope);
  scope.watchReads?.(listUndeclaredReads);
  return {
    handler,
    run: async (call) => await runInContext(running, call),
    succeed(returned) {
      // Encoding a result may read the context, where the handler returned a part of it.
      const bytes = encodeValue(idOfNode(returned), scope, "The returned value");
      const pushed = xcoms.close();
      return {
        kind: "succeeded",
        xcoms: [{ key: RETURN_VALUE, bytes }, ...pushed],
        undeclaredReads: listUndeclaredReads(),
      };
    },
  };
}

/** A task or a group that a handler returns, to choose it, leaves the process as its id. */
function idOfNode(returned: unknown): unknown {
  const found = findNode(returned);
  return found ? nodeIdOf(found.node) : returned;
}
