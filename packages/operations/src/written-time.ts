// Times as users write them.

import { findIsoTime, MemodagError } from "@memodag/core";

/**
 * The time, in milliseconds since the Unix epoch, that a user gave as `what`.
 * @throws MemodagError `usage` for anything but an ISO 8601 date or time
 */
export function readWrittenTime(what: string, written: string): number {
  const time = findIsoTime(written);
  if (time !== undefined) return time;
  throw new MemodagError(
    "usage",
    `${what}: "${written}" is not an ISO 8601 date or time, such as 2026-11-03T06:00Z`,
  );
}
