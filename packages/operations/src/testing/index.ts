// Base values for tests.

import { UNMAPPED, UNTOUCHED, type DagRun, type StoredInstance } from "@memodag/core";
import type { RetentionLimits } from "../retention-limits.ts";

/** A task instance that has ended, with the given fields replaced. */
export function instanceOf(given: Partial<StoredInstance>): StoredInstance {
  return {
    ...UNTOUCHED,
    taskId: "task",
    mapIndex: UNMAPPED,
    state: "success",
    tryNumber: 1,
    maxTries: 1,
    revision: 1,
    ...given,
  };
}

/** A run that has ended, with the given fields replaced. */
export function runOf(given: Partial<DagRun>): DagRun {
  return {
    id: 1,
    team: "default",
    dagId: "dag",
    runId: "run",
    runType: "manual",
    dagVersionId: 1,
    logicalDate: null,
    dataIntervalStart: null,
    dataIntervalEnd: null,
    conf: {},
    params: {},
    cacheMode: "use",
    state: "success",
    createdAt: 1_000,
    startedAt: 2_000,
    endedAt: 5_000,
    processesSpawned: 0,
    lookups: 1,
    bytesMoved: 0,
    revision: 1,
    sums: null,
    ...given,
  };
}

/** No limit of retention. */
export const NO_LIMITS: RetentionLimits = {
  runsMs: null,
  maxRuns: null,
  xcomsMs: null,
  logsMs: null,
  maxXComBytes: null,
  maxEntryBytes: null,
  maxLogBytes: null,
  artifactsMs: null,
  maxArtifactBytes: null,
  explanationsMs: null,
  auditMs: null,
  dags: [],
};

export { chain, NAMES } from "./hostile-graph.ts";
export { mermaidText } from "../dags/graph/mermaid-text.ts";
export { plainLabel } from "../dags/graph/plain-label.ts";
