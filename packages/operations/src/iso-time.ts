// Formats times for programs.

/** Formats milliseconds since the Unix epoch as ISO 8601 in UTC; keeps `null`. */
export function isoTime<T extends number | null>(time: T): T extends number ? string : string | null;
export function isoTime(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}
