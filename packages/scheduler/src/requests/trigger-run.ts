// Creates runs of a Dag, for every kind of caller: their ids, params and dates.

import { randomBytes } from "node:crypto";
import type {
  AuditAct,
  CacheMode,
  Clock,
  DagRun,
  DagRunType,
  DagVersion,
  JsonObject,
  NewDagRun,
  RunCacheLimits,
  RunSelection,
  RunStore,
  SecretTest,
  SerializedDag,
} from "@memodag/core";
import { buildDagGraph } from "../graph/dag-graph.ts";
import { earlierResultsFor } from "../graph/earlier-results.ts";
import { namedTask, requireTask } from "../graph/selected-tasks.ts";
import { checkRequest } from "./check-request.ts";

/** A request to run a Dag. */
export interface TriggerRequest {
  readonly version: DagVersion;
  readonly conf: JsonObject;
  /** Override the Dag's defaults; every name must be declared. */
  readonly params: JsonObject;
  /** Milliseconds since the Unix epoch; `null`: the run has none. */
  readonly logicalDate: number | null;
  readonly cacheMode: CacheMode;
  /** By default, all tasks run. */
  readonly selection?: RunSelection | undefined;
  /** By default, what the tasks say. */
  readonly cacheLimits?: RunCacheLimits | undefined;
  /** By default, made from the date and a random suffix. */
  readonly runId?: string;
  /** The try of a task that creates the run; see {@link NewDagRun}. */
  readonly madeBy?: string;
  /** Recorded in the audit log with the run. */
  readonly act?: AuditAct;
  /** Which names are secrets, whose values errors do not show; by default, names that look like secrets. */
  readonly isSecret?: SecretTest;
}

/**
 * Creates a run in state `queued`.
 * @throws MemodagError `conf_invalid` for params and conf that do not match the Dag; `task_not_found` for a
 * selection of a task that it does not have; `xcom_not_found` for a run of one task when no finished run has the
 * results that it takes; `dag_run_exists` when the Dag has a run of that logical date.
 */
export async function triggerRun(
  runs: Pick<RunStore, "createRun">,
  clock: Clock,
  request: TriggerRequest,
): Promise<DagRun> {
  const { logicalDate, act } = request;
  const runId = request.runId ?? newManualRunId(clock, logicalDate);
  const run = await newRun(request, { runType: "manual", runId });
  return await runs.createRun(run, act && { ...act, filter: { ...act.filter, runId } });
}

/** A unique id for a manual run. */
export function newManualRunId(clock: Clock, logicalDate: number | null): string {
  const nonce = randomBytes(3).toString("hex");
  return `manual__${new Date(logicalDate ?? clock.now()).toISOString()}_${nonce}`;
}

/** The run that a schedule or a backfill creates for a date; its id is determined by the date. */
export async function newDatedRun(
  request: TriggerRequest & { readonly logicalDate: number },
  runType: Exclude<DagRunType, "manual">,
): Promise<NewDagRun> {
  return await newRun(request, {
    runType,
    runId: `${runType}__${new Date(request.logicalDate).toISOString()}`,
  });
}

async function newRun(
  request: TriggerRequest,
  name: Pick<NewDagRun, "runType" | "runId">,
): Promise<NewDagRun> {
  const { version, conf, params, logicalDate, cacheMode, madeBy, isSecret, selection, cacheLimits } = request;
  if (selection) requireTask(version.dag, namedTask(selection));
  const withRecords = version.dag.transactions?.filter(({ cache }) => cache) ?? [];
  for (const taskId of cacheLimits?.refresh ?? [])
    if (!withRecords.some(({ transactionId }) => transactionId === taskId)) requireTask(version.dag, taskId);
  return {
    ...name,
    team: version.team,
    dagId: version.dag.dagId,
    dagVersionId: version.id,
    logicalDate,
    // As in Airflow 3, the data interval begins and ends at the logical date.
    dataIntervalStart: logicalDate,
    dataIntervalEnd: logicalDate,
    conf,
    params: await checkRequest(version.dag, { conf, params, ...(isSecret && { isSecret }) }),
    cacheMode,
    ...(madeBy !== undefined && { madeBy }),
    ...(selection && { selection, ...receivedBy(version.dag, selection) }),
    ...(cacheLimits && { cacheLimits }),
  };
}

function receivedBy(dag: SerializedDag, selection: RunSelection): Pick<NewDagRun, "receives"> {
  if (!("only" in selection)) return {};
  const graph = buildDagGraph(dag);
  const node = graph.nodes[graph.indexOf.get(selection.only) ?? -1];
  return node ? { receives: earlierResultsFor(graph, node) } : {};
}
