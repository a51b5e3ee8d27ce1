// Decides whether to say on every page that nothing runs.

import type { OutputOf } from "../data/api.ts";

/** Milliseconds for which a run may be queued before it is said: schedulers look for runs more often. */
const PATIENCE_MS = 10_000;

/** True if a run waits, and no scheduler is there to take it. @param now milliseconds since the Unix epoch */
export function isNothingRunning(
  processes: readonly Pick<OutputOf<"processes.list">[number], "kind" | "isAlive">[],
  queued: readonly { readonly createdAt: string }[],
  now: number,
): boolean {
  return (
    queued.some(({ createdAt }) => now - Date.parse(createdAt) > PATIENCE_MS) &&
    !processes.some(({ kind, isAlive }) => kind === "scheduler" && isAlive)
  );
}
