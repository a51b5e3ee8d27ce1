// Times without an offset, interpreted in a time zone.

import { Cron } from "croner";

const DAY_MS = 86_400_000;
const HAS_OFFSET = /(Z|[+-]\d\d:\d\d)$/;

/**
 * Parses an ISO 8601 date or time to milliseconds since the Unix epoch. A date without a time is its
 * midnight.
 */
export function startOfTime(text: string, timezone: string): number {
  const isDay = !text.includes("T");
  if (!isDay && HAS_OFFSET.test(text)) return Date.parse(text);
  // Parsed as UTC to get all the parts; croner then interprets them in `timezone`.
  const wall = new Date(isDay ? `${text}T00:00:00Z` : `${text}Z`);
  const once = new Cron(wall.toISOString().slice(0, 19), { timezone }).getOnce();
  if (once === null) throw new Error(`croner cannot read the time ${text}`);
  return once.getTime() + wall.getUTCMilliseconds();
}

/**
 * Returns the last millisecond of a date or time. For a date without a time, that is the end of the day.
 */
export function endOfTime(text: string, timezone: string): number {
  if (text.includes("T")) return startOfTime(text, timezone);
  const nextDay = new Date(Date.parse(`${text}T00:00:00Z`) + DAY_MS);
  return startOfTime(nextDay.toISOString().slice(0, 10), timezone) - 1;
}
