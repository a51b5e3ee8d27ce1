// Foretells a run: what would hit, what would run, and what depends on results that are not there yet. The decisions are
// those of a scheduling pass, which is made without a row in the database and without executing anything.

import type { DagRun, DagVersion, NewDagRun } from "@memodag/core";
import { DecisionLog, type CacheDecision, type DecisionStore } from "@memodag/result-cache";
import { VersionGraphs } from "../graph/version-graphs.ts";
import { triggerRun, type TriggerRequest } from "../requests/trigger-run.ts";
import { RunExecution } from "../run/pass.ts";
import { AwaitedRuns } from "../steps/awaited-runs.ts";
import { classify, type ForeseenInstance } from "./classify.ts";
import { planContext, type PlanParts } from "./plan-context.ts";

/** A run that was not made. */
export interface ForeseenRun {
  readonly run: DagRun;
  readonly version: DagVersion;
  /** In the Dag's order. */
  readonly instances: readonly ForeseenInstance[];
  /** Instances that will not run, because a branch excludes them. */
  readonly skipped: number;
}

/** Larger than the number of any run: the last one before it is the latest. */
const NO_RUN = 2 ** 31 - 1;

/**
 * Foretells the run that a request would make, as of now. Takes no lease, counts no hit, and writes nothing.
 * @throws MemodagError as `triggerRun`; a run that has the same id or date is not noticed
 */
export async function foreseeRun(parts: PlanParts, request: TriggerRequest): Promise<ForeseenRun> {
  const { runs, dags, clock, log, explaining } = parts;
  const createRun = (run: NewDagRun): Promise<DagRun> => Promise.resolve(notMade(run, clock.now()));
  const run = await triggerRun({ createRun }, clock, request);
  const graph = await new VersionGraphs(dags).get(run.dagVersionId);
  const misses: CacheDecision[] = [];
  const decisions = collectingIn(misses, explaining.decisions);
  const decisionLog = new DecisionLog({ ...explaining, decisions, clock, log });
  const awaited = new AwaitedRuns({ runs, clock, log });
  const claimed = { run, instances: [], xcoms: [], handCount: 0 };
  const context = planContext(parts, { decisionLog, awaited });
  const execution = new RunExecution(context, claimed, graph, () => undefined);
  try {
    const foreseen = await execution.foresee();
    await decisionLog.flush();
    const { version } = graph;
    return {
      run,
      version,
      ...classify(foreseen, { run, dag: version.dag, misses, offReason: parts.cachingOffReason() }),
    };
  } finally {
    execution.close();
    awaited.close();
  }
}

/** A plan is of all tasks: it receives nothing of an earlier run. */
function notMade(run: NewDagRun, now: number): DagRun {
  return {
    ...run,
    id: NO_RUN,
    state: "queued",
    createdAt: now,
    startedAt: null,
    endedAt: null,
    processesSpawned: 0,
    lookups: 0,
    bytesMoved: 0,
    revision: 0,
    sums: null,
  };
}

/** The decisions that are kept, to which none is added. */
function collectingIn(collected: CacheDecision[], kept: DecisionStore): DecisionStore {
  return {
    keep: async (decisions) => {
      for (const decision of decisions) collected.push(decision);
    },
    find: (team, dagRunId, instance) => kept.find(team, dagRunId, instance),
    listEarlier: (asked, limit) => kept.listEarlier(asked, limit),
    listOfRun: (team, dagRunId) => kept.listOfRun(team, dagRunId),
    wasStored: (asked) => kept.wasStored(asked),
  };
}
