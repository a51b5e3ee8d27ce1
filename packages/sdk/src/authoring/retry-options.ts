// How an author's words on retries and callbacks are read. What is not asked for is absent, so that a Dag
// without it is stored as it always was.

import type { CallbackEvent } from "@memodag/core";
import { CALLBACK_OPTIONS, type TaskCallback } from "../context/callback-context.ts";
import type { OptionReader } from "./option-reader.ts";

/** How the wait between attempts grows. */
export interface BackoffSettings {
  readonly retryBackoffFactor?: number;
  readonly maxRetryDelayMs?: number;
}

/** A task's callbacks by what they hear of. */
export type CallbackFunctions = ReadonlyMap<CallbackEvent, TaskCallback>;

const LARGEST_FACTOR = 100;

/** @throws MemodagError `dag_invalid` */
export function readBackoff(reader: OptionReader): BackoffSettings {
  const maxRetryDelayMs = reader.duration("maxRetryDelay", null, 1);
  const factor = readFactor(reader);
  return {
    ...(factor !== null && { retryBackoffFactor: factor }),
    ...(maxRetryDelayMs !== null && { maxRetryDelayMs }),
  };
}

function readFactor(reader: OptionReader): number | null {
  const value = reader.get("retryExponentialBackoff");
  // Airflow's zero means that there is none.
  if (value === undefined || value === false || value === 0) return null;
  if (value === true) return 2;
  if (typeof value === "number" && value >= 1 && value <= LARGEST_FACTOR) return value;
  const mend = `write true, or by how much the wait grows, from 1 to ${LARGEST_FACTOR}`;
  throw reader.wrong("retryExponentialBackoff", value, mend);
}

/** @throws MemodagError `dag_invalid` */
export function readCallbacks(reader: OptionReader): { readonly callbacks?: CallbackFunctions } {
  const callbacks = new Map<CallbackEvent, TaskCallback>();
  for (const [event, name] of Object.entries(CALLBACK_OPTIONS)) {
    const value = reader.get(name);
    if (value === undefined) continue;
    if (typeof value !== "function") throw reader.wrong(name, value, "write a function of one context");
    callbacks.set(event as CallbackEvent, value as TaskCallback);
  }
  return callbacks.size === 0 ? {} : { callbacks };
}
