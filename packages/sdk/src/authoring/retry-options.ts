// Reads the options for retries and callbacks. Options that are not set are left out, so that the
// serialized form of Dags without them does not change.

import type { CallbackEvent } from "@memodag/core";
import type { AnyCallback } from "../context/callback-context.ts";
import type { OptionReader } from "./option-reader.ts";

/** How the delay between attempts grows. */
export interface BackoffSettings {
  readonly retryBackoffFactor?: number;
  readonly maxRetryDelayMs?: number;
}

/** A task's callbacks, by event. */
export type CallbackFunctions = ReadonlyMap<CallbackEvent, AnyCallback>;

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
  // Airflow uses zero for no backoff.
  if (value === undefined || value === false || value === 0) return null;
  if (value === true) return 2;
  if (typeof value === "number" && value >= 1 && value <= LARGEST_FACTOR) return value;
  const fix = `use true, or a growth factor from 1 to ${LARGEST_FACTOR}`;
  throw reader.wrong("retryExponentialBackoff", value, fix);
}

/**
 * Reads the callbacks of some events, whose options have these names.
 * @throws MemodagError `dag_invalid`
 */
export function readCallbacks<Event extends CallbackEvent>(
  reader: OptionReader,
  options: Readonly<Record<Event, string>>,
): ReadonlyMap<Event, AnyCallback> {
  const callbacks = new Map<Event, AnyCallback>();
  for (const [event, name] of Object.entries<string>(options)) {
    const value = reader.get(name);
    if (value === undefined) continue;
    if (typeof value !== "function") throw reader.wrong(name, value, "use a function that takes a context");
    callbacks.set(event as Event, value as AnyCallback);
  }
  return callbacks;
}
