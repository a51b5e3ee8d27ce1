// Calls the key function of a task, and turns its answer into a part of a key.

import {
  canonicalJson,
  LONGEST_KEY_ANSWER,
  messageOf,
  MemodagError,
  type JsonValue,
  type KeyAnswer,
  type KeyContext,
} from "@memodag/core";
import type { Dag } from "../authoring/dag.ts";
import { getState } from "./list-handlers.ts";
import type { AnyKeyFunction } from "../authoring/key-function.ts";

/** Characters of an error in a reason, at most. */
const LONGEST_ERROR = 500;

/** Returns the key functions of all tasks that have one, by task id, in order of declaration. */
export function listKeyFunctions(dag: Dag): Map<string, AnyKeyFunction> {
  const functions = new Map<string, AnyKeyFunction>();
  for (const { taskId, settings } of getState(dag).tasks.values()) {
    if (settings.cache?.key && settings.keyFunction) functions.set(taskId, settings.keyFunction);
  }
  return functions;
}

/** Calls a key function with frozen arguments. Never rejects. `context`: `null` for a pure function. */
export async function callKeyFunction(
  call: AnyKeyFunction | undefined,
  args: JsonValue,
  context: KeyContext | null,
): Promise<KeyAnswer> {
  try {
    if (!call) throw new Error("the task has no key function when a process reads the Dag file");
    const given = frozen(args) as never;
    const answer = await call(given, context ? frozen(context) : undefined);
    if (answer === null || answer === undefined) return { kind: "none" };
    const json = canonicalJson(answer as JsonValue);
    if (json.length <= LONGEST_KEY_ANSWER) return { kind: "key", json };
    return {
      kind: "failed",
      what: `its answer has ${json.length} characters, more than ${LONGEST_KEY_ANSWER}`,
    };
  } catch (error) {
    return { kind: "failed", what: describe(error).slice(0, LONGEST_ERROR) };
  }
}

function describe(error: unknown): string {
  const message = messageOf(error);
  return error instanceof MemodagError && error.code === "value_not_json"
    ? `its answer is not JSON: ${message}`
    : message || "it threw an error without a message";
}

/** Freezes all of a JSON value: it may be given to several calls. */
function frozen<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const member of Object.values(value)) frozen(member);
  return Object.freeze(value);
}
