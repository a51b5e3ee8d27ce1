// Times as programs read them.

/** ISO 8601 in UTC of milliseconds since the Unix epoch; nothing for nothing. */
export function isoTime<T extends number | null>(time: T): T extends number ? string : string | null;
export function isoTime(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}
