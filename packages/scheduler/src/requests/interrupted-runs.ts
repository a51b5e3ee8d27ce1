// Finds runs that were started and then abandoned because their scheduler was killed or stopped.

import type { DagRun, InterruptedRunFilter, RunStore } from "@memodag/core";
import { isDeadOwner } from "../identity/process-identity.ts";

/** Runs that were started and that no process works on now, as far as this host can tell; oldest first. */
export async function listInterruptedRuns(
  runs: Pick<RunStore, "listInterruptedRuns" | "listLeaseOwners">,
  filter: Omit<InterruptedRunFilter, "deadOwners">,
): Promise<DagRun[]> {
  const deadOwners = (await runs.listLeaseOwners()).filter(isDeadOwner);
  return await runs.listInterruptedRuns({ ...filter, deadOwners });
}
