// ISO 8601 times, in UTC if they have no offset.

const ISO_TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?)?$/;

/**
 * Parses a date such as `2026-11-03` or a time such as `2026-11-03T06:00Z` to milliseconds since the Unix
 * epoch. Returns `undefined` if it is malformed or the day does not exist.
 */
export function findIsoTime(text: string): number | undefined {
  if (!ISO_TIME.test(text)) return undefined;
  const hasZone = /(Z|[+-]\d\d:\d\d)$/.test(text) || !text.includes("T");
  const time = Date.parse(hasZone ? text : `${text}Z`);
  const day = text.slice(0, 10);
  // Date.parse turns the 31st of a shorter month into the 1st of the next.
  const isReal = !Number.isNaN(time) && new Date(`${day}T00:00Z`).toISOString().startsWith(day);
  return isReal ? time : undefined;
}
