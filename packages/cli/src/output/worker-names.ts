// Words for what workers may do, and for how long tasks have waited for them.

import { formatDuration } from "@memodag/core";

/** The queues or teams of a token; `null`: all. */
export function shownNames(names: readonly string[] | null): string {
  return names === null ? "all" : names.join(", ");
}

/** A wait in whole seconds; `null`: nothing waits. */
export function formatWait(ms: number | null): string | null {
  return ms === null ? null : formatDuration(Math.round(ms / 1_000) * 1_000);
}
