// What an author may write as a schedule. Whether croner and Intl can read it is found out by the process
// that reads Dag files: a worker, which runs the same declarations, would pay for both at every start.

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
 * A schedule of fixed intervals: `schedule: every("15m")`. Intervals are counted from the Dag's `startDate`,
 * or without one from 1970-01-01T00:00Z, and take no notice of time zones.
 *
 * @param interval seconds, or a text such as `"15m"`; at least one second and at most a hundred years
 * @throws MemodagError `dag_invalid` for anything else
 */
export function every(interval: number | string): string {
  const ms = typeof interval === "number" ? Math.round(interval * 1_000) : readDuration(interval);
  if (ms >= SHORTEST_MS && ms <= LONGEST_DURATION_MS) return intervalSchedule(ms);
  throw everyInvalid(
    interval,
    `write one second or more and at most ${LONGEST_DURATION}, such as every("15m")`,
  );
}

function readDuration(interval: unknown): number {
  if (typeof interval !== "string") throw everyInvalid(interval, 'write seconds or a text such as "15m"');
  try {
    return parseDuration(interval);
  } catch (cause) {
    throw everyInvalid(interval, messageOf(cause), cause);
  }
}

function everyInvalid(interval: unknown, mend: string, cause?: unknown): MemodagError {
  const message = `every(${show(interval)}) is no schedule: ${mend}`;
  return new MemodagError("dag_invalid", message, cause === undefined ? {} : { cause });
}

/** The `schedule` option as a text; whether it is a schedule is not known yet. */
export function readSchedule(reader: OptionReader): string | null {
  return reader.get("schedule") === null ? null : reader.text("schedule", null);
}

/** The text of a date option, in ISO 8601. */
export function readTime(reader: OptionReader, name: string): string | undefined {
  const value = reader.get(name);
  if (value === undefined) return undefined;
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString();
  if (typeof value === "string" && findIsoTime(value) !== undefined) return value;
  throw reader.wrong(
    name,
    value,
    "write a date or time of ISO 8601, such as 2026-11-03 or 2026-11-03T06:00Z",
  );
}
