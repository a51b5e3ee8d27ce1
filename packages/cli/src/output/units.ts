// Times and digests as people read them.

import { formatDuration } from "@memodag/core";

/** A duration, or nothing. */
export function shownDuration(ms: number | null): string | null {
  return ms === null ? null : formatDuration(ms);
}

/** How long ago a time was, by this host's clock. */
export function shownAge(time: number | null, now: number): string | null {
  return time === null ? null : `${formatDuration(Math.max(0, now - time))} ago`;
}

/** The first digits of a digest: enough to name it to `cache show`. */
export function shortDigest(digest: string | null): string | null {
  return digest === null ? null : digest.slice(0, 12);
}
