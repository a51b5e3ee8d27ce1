// Foretells the run of a Dag: which instances hit, which run and why, and how long that takes.

import { MemodagError, type DagVersion, type DurationRange } from "@memodag/core";
import type { ForeseenInstance, ForeseenRun, PlanClass } from "@memodag/scheduler";
import type { OperationContext } from "../context.ts";
import { whyText } from "../explain/causes-text.ts";
import { readLogicalDate, runInputsOf, type DatedRunRequest } from "../runs/run-request.ts";
import { getDag } from "../dags/find-dag.ts";

/** The run to foretell: all tasks of a Dag. */
export type PlanDagInput = Omit<DatedRunRequest, "selection">;

/** An instance of the run, with its class. */
export interface PlannedInstance {
  readonly taskId: string;
  /** -1 for a task that is not mapped; `null` for all of a mapped task whose list is not known yet. */
  readonly mapIndex: number | null;
  readonly class: PlanClass;
  readonly reason: { readonly code: string; readonly detail: string };
  /** The tasks directly upstream whose results are not known yet. */
  readonly dependsOn: readonly string[];
  /**
   * From the shortest to the longest of its task in the latest runs, in milliseconds; nothing for a hit. `null`: none of
   * them has run it.
   */
  readonly durationMs: DurationRange | null;
}

/** A plan. */
export interface DagPlan {
  readonly dagId: string;
  readonly team: string;
  /** The digest of the version that would run. */
  readonly version: string;
  readonly instances: readonly PlannedInstance[];
  readonly totals: {
    readonly hit: number;
    readonly runs: number;
    readonly depends: number;
    /** Instances that a branch excludes, and which are not in the list. */
    readonly skipped: number;
  };
  /**
   * How long the longest path takes, with a free worker for each task, in milliseconds: from all that depends being a hit
   * to none of it being one. Instances without a recorded duration take no time here.
   */
  readonly durationMs: DurationRange;
}

/** The runs whose durations are looked at, at most. */
const LATEST_RUNS = 20;

const NO_TIME: DurationRange = { low: 0, high: 0 };

/**
 * Foretells the run that `dags trigger` would make now.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `conf_invalid`, `task_not_found`, `usage`
 */
export async function planDag(context: OperationContext, input: PlanDagInput): Promise<DagPlan> {
  const { stores, settings, openPlanner } = context;
  const version = await getDag(stores.dags, input);
  if (!openPlanner) throw new MemodagError("usage", "This process does not plan runs");
  const request = { version, logicalDate: readLogicalDate(input), ...runInputsOf(input, settings) };
  const planner = await openPlanner();
  try {
    const [foreseen, ranges] = await Promise.all([
      planner.foresee(request),
      stores.runs.durationRanges(version.team, version.dag.dagId, LATEST_RUNS),
    ]);
    return report(version, foreseen, ranges);
  } finally {
    await planner.close();
  }
}

function report(
  version: DagVersion,
  { instances, skipped }: ForeseenRun,
  ranges: ReadonlyMap<string, DurationRange>,
): DagPlan {
  const planned = instances.map((instance): PlannedInstance => {
    const { taskId, mapIndex, class: ofClass, dependsOn } = instance;
    const durationMs = ofClass === "hit" ? NO_TIME : (ranges.get(taskId) ?? null);
    return { taskId, mapIndex, class: ofClass, reason: reasonOf(instance), dependsOn, durationMs };
  });
  const count = (ofClass: PlanClass): number => planned.filter((one) => one.class === ofClass).length;
  const { team, dag } = version;
  return {
    dagId: dag.dagId,
    team,
    version: version.digest,
    instances: planned,
    totals: { hit: count("hit"), runs: count("runs"), depends: count("depends"), skipped },
    durationMs: longestPath(version, planned),
  };
}

function reasonOf(instance: ForeseenInstance): PlannedInstance["reason"] {
  const { note, decision, producer, dependsOn } = instance;
  if (decision) {
    const { reason, detail, changes } = decision;
    return { code: reason, detail: whyText({ reason, changes, detail }) ?? reason };
  }
  if (note) return { code: note.code, detail: note.text };
  if (instance.class === "hit") return { code: "hit", detail: `result of run ${producer?.runId ?? ""}` };
  return { code: "depends", detail: `depends on what ${dependsOn.join(", ")} returns` };
}

/** The tasks of a Dag are in an order in which each comes after those that it waits for. */
function longestPath({ dag }: DagVersion, planned: readonly PlannedInstance[]): DurationRange {
  const byTask = Map.groupBy(planned, ({ taskId }) => taskId);
  const ends = new Map<string, DurationRange>();
  let longest = NO_TIME;
  for (const { taskId, upstream } of dag.tasks) {
    const instances = byTask.get(taskId) ?? [];
    const start = latest(upstream.map((above) => ends.get(above) ?? NO_TIME));
    const own = latest(
      instances.map(({ class: ofClass, durationMs }) => {
        const { low, high } = durationMs ?? NO_TIME;
        return { low: ofClass === "depends" ? 0 : low, high };
      }),
    );
    const end = { low: start.low + own.low, high: start.high + own.high };
    ends.set(taskId, end);
    longest = latest([longest, end]);
  }
  return longest;
}

function latest(ranges: readonly DurationRange[]): DurationRange {
  return ranges.reduce(
    (most, { low, high }) => ({ low: Math.max(most.low, low), high: Math.max(most.high, high) }),
    NO_TIME,
  );
}
