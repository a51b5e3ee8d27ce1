// When bytes that are written again count as new.

/**
 * Milliseconds after which writing bytes that are there already renews their age. Collection leaves
 * younger bytes alone, so whoever wrote them has at least this long to name them in a record.
 */
export const REFRESH_AFTER_MS = 3_600_000;
