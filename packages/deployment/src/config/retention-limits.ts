// The limits of retention that a config sets.

import type { Config } from "@memodag/config";
import type { DagLimits, RetentionLimits } from "@memodag/operations/retention";

/** Converts the keys of `[retention]` and `[[dag_retention]]`. */
export function retentionLimits({ retention, dagRetention }: Config): RetentionLimits {
  return {
    runsMs: retention.runs,
    maxRuns: retention.maxRuns ?? null,
    xcomsMs: retention.xcoms,
    logsMs: retention.logs,
    maxXComBytes: retention.maxXcomsSize ?? null,
    maxEntryBytes: retention.maxEntriesSize ?? null,
    maxLogBytes: retention.maxLogsSize ?? null,
    artifactsMs: retention.artifacts,
    maxArtifactBytes: retention.maxArtifactsSize ?? null,
    explanationsMs: retention.explanations,
    auditMs: retention.audit,
    dags: dagRetention.map(({ dag, team, runs, maxRuns, xcoms, logs }) => ({
      dagId: dag,
      team,
      ...written("runsMs", runs),
      ...written("maxRuns", maxRuns),
      ...written("xcomsMs", xcoms),
      ...written("logsMs", logs),
    })),
  };
}

/** A limit that is not written is that of all Dags. */
function written<K extends keyof DagLimits>(
  name: K,
  value: number | null | undefined,
): Partial<Record<K, number | null>> {
  return value === undefined ? {} : ({ [name]: value } as Record<K, number | null>);
}
