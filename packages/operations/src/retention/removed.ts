// Counts of removed runs, and of everything that belonged to them.

import type { RunRows } from "@memodag/core";

/** The things that were removed, or would be. */
export interface Removed extends RunRows {
  readonly runs: number;
  /** Log files, on this machine. */
  readonly logs: number;
  /** Versions of Dags, artifacts, and copies of artifacts on this machine. */
  readonly artifacts: number;
  /** Size of the logs and artifacts, and of the values that nothing refers to any more. */
  readonly bytes: number;
}

/** Nothing was removed. */
export const NOTHING_REMOVED: Removed = {
  runs: 0,
  instances: 0,
  xcoms: 0,
  entries: 0,
  logs: 0,
  artifacts: 0,
  bytes: 0,
};

/** The sums of both. */
export function addRemoved(a: Removed, b: Partial<Removed>): Removed {
  return {
    runs: a.runs + (b.runs ?? 0),
    instances: a.instances + (b.instances ?? 0),
    xcoms: a.xcoms + (b.xcoms ?? 0),
    entries: a.entries + (b.entries ?? 0),
    logs: a.logs + (b.logs ?? 0),
    artifacts: a.artifacts + (b.artifacts ?? 0),
    bytes: a.bytes + (b.bytes ?? 0),
  };
}
