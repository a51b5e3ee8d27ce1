// Times that people write without an offset, read in a time zone.

import { Cron } from "croner";

const DAY_MS = 86_400_000;
const HAS_OFFSET = /(Z|[+-]\d\d:\d\d)$/;

/** A date or time of ISO 8601, in milliseconds since the Unix epoch. A day alone begins at its midnight. */
export function startOfTime(text: string, timezone: string): number {
  const isDay = !text.includes("T");
  if (!isDay && HAS_OFFSET.test(text)) return Date.parse(text);
  // Read as if it were UTC, to have every part and no other zone; croner knows what that is in `timezone`.
  const wall = new Date(isDay ? `${text}T00:00:00Z` : `${text}Z`);
  const once = new Cron(wall.toISOString().slice(0, 19), { timezone }).getOnce();
  if (once === null) throw new Error(`croner reads no time in ${text}`);
  return once.getTime() + wall.getUTCMilliseconds();
}

/** The last millisecond that a date or time includes: of a day alone, its last. */
export function endOfTime(text: string, timezone: string): number {
  if (text.includes("T")) return startOfTime(text, timezone);
  const nextDay = new Date(Date.parse(`${text}T00:00:00Z`) + DAY_MS);
  return startOfTime(nextDay.toISOString().slice(0, 10), timezone) - 1;
}
