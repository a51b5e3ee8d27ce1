// How a fixed interval is written where a schedule is a text: `@every 15m`.

import { parseDuration } from "./duration.ts";

const PREFIX = "@every ";

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
] as const;

/** The schedule of an interval in milliseconds; the same text for the same interval. */
export function intervalSchedule(ms: number): string {
  const [unit, size] = UNITS.find(([, unitMs]) => ms % unitMs === 0) ?? ["ms", 1];
  return `${PREFIX}${ms / size}${unit}`;
}

/**
 * The interval of a schedule, in milliseconds; `null` for a schedule that is no interval.
 * @throws MemodagError `duration_invalid`
 */
export function intervalOf(schedule: string): number | null {
  return schedule.startsWith(PREFIX) ? parseDuration(schedule.slice(PREFIX.length)) : null;
}
