// Does anything work on the runs that there are?

import type { RunStore } from "@memodag/core";
import { isDeadOwner, listInterruptedRuns } from "@memodag/scheduler";
import type { Finding } from "./finding.ts";

/** A scheduler that is there has heard of a run by then, in milliseconds. */
const HEARD_AFTER_MS = 15_000;

/** Looks for runs that wait while no scheduler works on any. */
export async function lookAtRuns(
  runs: Pick<RunStore, "listInterruptedRuns" | "listLeaseOwners">,
  now: number,
): Promise<Finding[]> {
  const owners = await runs.listLeaseOwners();
  if (owners.some((owner) => !isDeadOwner(owner)))
    return [{ check: "runs", status: "ok", message: "a scheduler works on runs" }];
  const idle = await listInterruptedRuns(runs, { queued: "all" });
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
