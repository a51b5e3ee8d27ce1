// Audit entries of runs that an actor requests.

import type { AuditAct, AuditActor } from "@memodag/core";
import type { BackfillRequest, TriggerRequest } from "@memodag/scheduler";
import { isoTime } from "../iso-time.ts";
import { newAct } from "../act.ts";

/** The act of creating a run. Values of conf and params may be secrets, so it contains only their names. */
export function triggerAct(
  actor: AuditActor,
  action: "dags.run" | "dags.trigger",
  request: TriggerRequest,
): AuditAct {
  const { version, conf, params, logicalDate, cacheMode, selection, cacheLimits } = request;
  return newAct(actor, action, version.team, {
    dagId: version.dagId,
    ...namesOf("conf", conf),
    ...namesOf("params", params),
    ...(logicalDate !== null && { logicalDate: isoTime(logicalDate) }),
    ...(cacheMode !== "use" && { cacheMode }),
    ...(cacheLimits && { cacheLimits: { ...cacheLimits } }),
    ...selection,
  });
}

/** The act of creating the runs of a range; likewise. */
export function backfillAct(actor: AuditActor, request: BackfillRequest): AuditAct {
  const { version, conf, params, range, cacheMode, maxActiveRuns, cacheLimits } = request;
  return newAct(actor, "dags.backfill", version.team, {
    dagId: version.dagId,
    ...range,
    ...namesOf("conf", conf),
    ...namesOf("params", params),
    ...(cacheMode !== "use" && { cacheMode }),
    ...(cacheLimits && { cacheLimits: { ...cacheLimits } }),
    ...(maxActiveRuns !== undefined && { maxActiveRuns }),
  });
}

function namesOf(what: string, values: object): Record<string, string[]> {
  const names = Object.keys(values);
  return names.length > 0 ? { [what]: names } : {};
}
