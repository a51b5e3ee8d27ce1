// Describes why caching is switched off in the database.

import type { SwitchTurn } from "@memodag/metastore";

/** Why the latest change of the switch leaves caching off; `null` when it does not. */
export function turnOffReason(turn: SwitchTurn | undefined): string | null {
  if (turn === undefined || turn.isEnabled) return null;
  const { changedBy, changedAt, reason } = turn;
  const why = reason === null ? "" : `: ${reason}`;
  return `memodag cache disable by ${changedBy} at ${new Date(changedAt).toISOString()}${why}`;
}
