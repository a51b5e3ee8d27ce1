// How long a result is valid for any reader, as its task and its attempt say.

import { LONGEST_DURATION_MS, type CacheExpiry } from "@memodag/core";
import { openTimetable } from "@memodag/timetable";

/** The sources of a result's expiry. */
export interface ResultExpiries {
  readonly expires: CacheExpiry | undefined;
  /** The Dag's time zone. */
  readonly timezone: string;
  /** As the attempt said, in milliseconds since the Unix epoch; undefined: it did not. */
  readonly expiresAt: number | undefined;
}

/**
 * The time from now until the earliest expiry, in milliseconds; undefined without one. Zero or less: the result has
 * expired already.
 */
export function validForMs(
  { expires, timezone, expiresAt }: ResultExpiries,
  now: number,
): number | undefined {
  const own = afterMs(expires, timezone, now);
  // A date that is further away than any duration is no limit that a store could keep.
  const said = expiresAt === undefined ? undefined : Math.min(expiresAt - now, LONGEST_DURATION_MS);
  if (own === undefined || said === undefined) return own ?? said;
  return Math.min(own, said);
}

/**
 * The earliest expiry that does not depend on when the result is stored, in milliseconds since the Unix epoch; undefined
 * without one. A schedule's next date is that after the end of the attempt.
 */
export function fixedExpiry(
  { expires, timezone, expiresAt }: ResultExpiries,
  endedAt: number,
): number | undefined {
  if (!expires || "afterMs" in expires) return expiresAt;
  const untilDate = afterMs(expires, timezone, endedAt);
  return untilDate === undefined ? expiresAt : Math.min(endedAt + untilDate, expiresAt ?? Infinity);
}

function afterMs(expires: CacheExpiry | undefined, timezone: string, now: number): number | undefined {
  if (!expires) return undefined;
  if ("afterMs" in expires) return expires.afterMs;
  const next = openTimetable({ schedule: expires.schedule, timezone })?.dateAfter(now) ?? null;
  return next === null ? undefined : next - now;
}
