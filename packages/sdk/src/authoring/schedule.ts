// Schedules as an author writes them. The Dag processor validates them with croner and Intl; a
// worker runs the same declarations and would pay for loading both at every start.

import {
  findIsoTime,
  intervalSchedule,
  LONGEST_DURATION,
  LONGEST_DURATION_MS,
  MemodagError,
  messageOf,
  parseDuration,
} from "@memodag/core";
import { show } from "./dag-fault.ts";
import type { OptionReader } from "./option-reader.ts";

const SHORTEST_MS = 1_000;

/**
 * Returns a schedule of fixed intervals. They are counted from the Dag's `startDate`, or from
 * 1970-01-01T00:00Z if there is none, regardless of time zone.
 *
 * @example
 * ```ts
 * new Dag("poll", { schedule: every("15m") });
 * ```
 *
 * @param interval seconds, or a string such as `"15m"`; from one second to a hundred years
 * @throws MemodagError `dag_invalid` for any other interval
 */
export function every(interval: number | string): string {
  const ms = typeof interval === "number" ? Math.round(interval * 1_000) : readDuration(interval);
  if (ms >= SHORTEST_MS && ms <= LONGEST_DURATION_MS) return intervalSchedule(ms);
  throw everyInvalid(
    interval,
    `use one second or more and at most ${LONGEST_DURATION}, such as every("15m")`,
  );
}

function readDuration(interval: unknown): number {
  if (typeof interval !== "string") throw everyInvalid(interval, 'use seconds or a string such as "15m"');
  try {
    return parseDuration(interval);
  } catch (cause) {
    throw everyInvalid(interval, messageOf(cause), cause);
  }
}

function everyInvalid(interval: unknown, fix: string, cause?: unknown): MemodagError {
  const message = `every(${show(interval)}) is not a schedule: ${fix}`;
  return new MemodagError("dag_invalid", message, cause === undefined ? {} : { cause });
}

/** Returns the `schedule` option as a string. It has not been validated as a schedule yet. */
export function readSchedule(reader: OptionReader): string | null {
  return reader.get("schedule") === null ? null : reader.text("schedule", null);
}

/** Returns a date option as an ISO 8601 string. */
export function readTime(reader: OptionReader, name: string): string | undefined {
  const value = reader.get(name);
  if (value === undefined) return undefined;
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString();
  if (typeof value === "string" && findIsoTime(value) !== undefined) return value;
  throw reader.wrong(name, value, "use an ISO 8601 date or time, such as 2026-11-03 or 2026-11-03T06:00Z");
}
