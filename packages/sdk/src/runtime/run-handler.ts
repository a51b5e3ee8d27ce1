// Runs a task's handler: once, or, for a sensor, until its condition holds.

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

/** The outcome of a handler. */
export interface HandlerOutcome {
  readonly kind: "succeeded";
  /** The returned value first, then the pushed values, by key. */
  readonly xcoms: readonly PushedXCom[];
  /**
   * Context paths that were read without being declared, sorted, such as `params.depth` or
   * `logicalDate`.
   */
  readonly undeclaredReads: readonly string[];
  /** When the result expires, in milliseconds since the Unix epoch. Absent: the handler did not say. */
  readonly expiresAt?: number;
}

/**
 * The outcome of a sensor's handler. `rescheduled`: no result; poke again after the given number of
 * milliseconds.
 */
export type SensorOutcome = HandlerOutcome | { readonly kind: "rescheduled"; readonly afterMs: number };

/**
 * Runs a task's handler with its arguments, which must be canonical JSON. Rejects with the error
 * that the handler throws.
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
 * Runs a sensor's handler, with a fresh copy of the arguments for each poke.
 * @throws MemodagError like {@link runHandler}; `sensor_timeout`, `sensor_answer_invalid`
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

interface OpenTask {
  /** Runs a function that calls the handler, within its context. */
  readonly run: <T>(call: () => Promise<T>) => Promise<T>;
  readonly succeed: (returned: unknown) => HandlerOutcome;
}

interface OpenHandler extends OpenTask {
  readonly handler: AnyHandler;
}

function openHandler(dag: Dag, taskId: string, scope: AttemptScope): OpenHandler {
  return { handler: getHandler(dag, taskId), ...openTask(scope) };
}

/** Creates the context of a task's functions, and encodes what they return. */
export function openTask(scope: AttemptScope): OpenTask {
  const { xcoms, caches, expiry, listUndeclaredReads, ...running } = createContext(scope);
  scope.watchReads?.(listUndeclaredReads);
  return {
    run: async (call) => await runInContext(running, call),
    succeed(returned) {
      // Encoding a result may read the context, if the handler returned a part of it.
      const bytes = encodeValue(idOfNode(returned), scope, "The returned value");
      const pushed = xcoms.close();
      caches.close();
      return {
        kind: "succeeded",
        xcoms: [{ key: RETURN_VALUE, bytes }, ...pushed],
        undeclaredReads: listUndeclaredReads(),
        ...(expiry.at !== undefined && { expiresAt: expiry.at }),
      };
    },
  };
}

/** A returned task or group, which selects a branch, is encoded as its id. */
function idOfNode(returned: unknown): unknown {
  const found = findNode(returned);
  return found ? nodeIdOf(found.node) : returned;
}
