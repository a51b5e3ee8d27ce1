// Times and digests as people read them.

import { formatDuration } from "@memodag/core";

/** A duration, or nothing. */
export function shownDuration(ms: number | null): string | null {
  return ms === null ? null : formatDuration(ms);
}

/** How long ago a time of ISO 8601 was, at `now` in milliseconds since the Unix epoch. */
export function shownAge(time: string | null, now: number): string | null {
  return time === null ? null : `${formatDuration(Math.max(0, now - Date.parse(time)))} ago`;
}

/** The first digits of a digest: enough to name it to `cache show`. */
export function shortDigest(digest: string | null): string | null {
  return digest === null ? null : digest.slice(0, 12);
}

const LONGEST_VALUE = 2_000;

/** A JSON value on one line, or its beginning. */
export function shownValue(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE)}… (--json prints all of it)`;
}
