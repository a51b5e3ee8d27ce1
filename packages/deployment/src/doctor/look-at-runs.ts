// Checks whether the existing runs make progress.

import type { DagRun, RunStore } from "@memodag/core";
import { whyNotLoadable, type RunSources } from "@memodag/operations/runs";
import { isDeadOwner, listInterruptedRuns } from "@memodag/scheduler";
import type { Finding } from "./finding.ts";

/** A live scheduler would have noticed a run by then, in milliseconds. */
const HEARD_AFTER_MS = 15_000;

/** The number of oldest runs that are test-loaded, at most. */
const MOST_READ = 500;

/** The stores that runs are checked with. */
interface IdleSources extends RunSources {
  readonly runs: RunSources["runs"] & Pick<RunStore, "listInterruptedRuns" | "listLeaseOwners">;
}

/** Finds runs that no scheduler can load, and runs that wait while no scheduler works on any. */
export async function lookAtRuns(sources: IdleSources, now: number): Promise<Finding[]> {
  // A scheduler releases immediately what it cannot load.
  const idle = await listInterruptedRuns(sources.runs, { queued: "all" });
  const unloadable: Finding[] = [];
  for (const run of idle.slice(0, MOST_READ)) {
    const reason = await whyNotLoadable(sources, run);
    if (reason === undefined) continue;
    const message =
      `run ${run.runId} of Dag "${run.dagId}" cannot be loaded: ${reason}. Schedulers put it aside and try ` +
      `again: \`memodag runs cancel ${run.dagId} ${run.runId}\` ends it`;
    unloadable.push({ check: "runs", status: "fail", message });
  }
  return unloadable.length > 0 ? unloadable : await lookForWaiting(sources, idle, now);
}

async function lookForWaiting(
  { runs }: IdleSources,
  idle: readonly DagRun[],
  now: number,
): Promise<Finding[]> {
  const owners = await runs.listLeaseOwners();
  if (owners.some((owner) => !isDeadOwner(owner)))
    return [{ check: "runs", status: "ok", message: "a scheduler works on runs" }];
  const waiting = idle.filter(
    ({ state, createdAt }) => state === "queued" && now - createdAt >= HEARD_AFTER_MS,
  );
  const begun = idle.filter(({ state }) => state === "running");
  const findings = [
    ...(waiting.length === 0
      ? []
      : [`${countOf(waiting.length)} queued, and no scheduler is alive: start \`memodag scheduler\``]),
    ...(begun.length === 0
      ? []
      : [
          `${countOf(begun.length)} interrupted (\`memodag runs list\`): \`memodag dags run DAG --resume\` or a ` +
            "scheduler continues them, `memodag runs cancel` ends one",
        ]),
  ].map((message): Finding => ({ check: "runs", status: "warn", message }));
  return findings.length > 0 ? findings : [{ check: "runs", status: "ok", message: "none waits" }];
}

function countOf(runs: number): string {
  return runs === 1 ? "1 run is" : `${runs} runs are`;
}
