// The string form of a fixed-interval schedule: `@every 15m`.

import { parseDuration } from "./duration.ts";

const PREFIX = "@every ";

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
] as const;

/** Returns the schedule of an interval in milliseconds. Equal intervals give equal strings. */
export function intervalSchedule(ms: number): string {
  const [unit, size] = UNITS.find(([, unitMs]) => ms % unitMs === 0) ?? ["ms", 1];
  return `${PREFIX}${ms / size}${unit}`;
}

/**
 * Returns the interval of a schedule in milliseconds, or `null` if it is not an interval schedule.
 * @throws MemodagError `duration_invalid`
 */
export function intervalOf(schedule: string): number | null {
  return schedule.startsWith(PREFIX) ? parseDuration(schedule.slice(PREFIX.length)) : null;
}
