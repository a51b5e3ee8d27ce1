// When bytes that are written again count as new.

import { ORPHAN_GRACE_MS } from "@memodag/result-cache";

/**
 * Milliseconds after which writing bytes that are there already renews their age. Their writer has
 * at least the rest of the grace to name them in a record.
 */
export const REFRESH_AFTER_MS: number = ORPHAN_GRACE_MS / 2;
