// Foretelling runs, as operations need it.

import type { ForeseenRun, TriggerRequest } from "@memodag/scheduler";

/** Foretells runs with the caches and the machine of this deployment. */
export interface RunPlanner {
  /** Takes no lease, counts no hit and writes nothing. */
  foresee(request: TriggerRequest): Promise<ForeseenRun>;
  close(): Promise<void>;
}
