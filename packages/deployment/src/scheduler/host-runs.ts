// Executes runs of one Dag in this process, for a command that waits for their end.

import type { HostedRuns, HostedScheduler } from "@memodag/operations/runs";
import { LiveConfig } from "../config/live-config.ts";
import type { Deployment } from "../stores/deployment.ts";
import { openScheduler } from "./open-scheduler.ts";

/** A scheduler for these runs and the runs that their tasks create. */
export async function hostRuns(
  deployment: Deployment,
  { team, dagId, runs, log, listener }: HostedRuns,
): Promise<HostedScheduler> {
  const live = new LiveConfig(deployment.loaded);
  return await openScheduler(deployment, { live, log, listener, dag: { team, dagId }, runs });
}
