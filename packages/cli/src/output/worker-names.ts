// Words for workers: what they may do, what they lack, and for how long tasks have waited for them.

import { formatDuration } from "@memodag/core";

/** The queues or teams of a token; `null`: all. */
export function shownNames(names: readonly string[] | null): string {
  return names === null ? "all" : names.join(", ");
}

/** A wait in whole seconds; `null`: nothing waits. */
export function formatWait(ms: number | null): string | null {
  return ms === null ? null : formatDuration(Math.round(ms / 1_000) * 1_000);
}

const MOST_DAGS = 5;

/** The first of some Dags, and how many more there are. */
export function shownDags(dags: readonly string[]): string {
  const more = dags.length - MOST_DAGS;
  return dags.slice(0, MOST_DAGS).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
