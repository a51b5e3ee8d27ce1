// Makes runs of a Dag, whoever asks for them: their ids, their params, their dates.

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
  RunStore,
  SecretTest,
} from "@memodag/core";
import { checkRequest } from "./check-request.ts";

/** What is said about a run. */
export interface TriggerRequest {
  readonly version: DagVersion;
  readonly conf: JsonObject;
  /** Laid over the Dag's defaults; names must be among them. */
  readonly params: JsonObject;
  /** Milliseconds since the Unix epoch; `null`: the run has none. */
  readonly logicalDate: number | null;
  readonly cacheMode: CacheMode;
  /** Default: one made of its date and of chance. */
  readonly runId?: string;
  /** The try of a task that makes it; see {@link NewDagRun}. */
  readonly madeBy?: string;
  /** Whose wish it is; written down with the run that it makes. */
  readonly act?: AuditAct;
  /** Which names are secrets: errors do not show their values. By default those that look like secrets. */
  readonly isSecret?: SecretTest;
}

/**
 * Creates a run in state `queued`.
 * @throws MemodagError `conf_invalid` for params and conf that do not fit the Dag; `dag_run_exists` when
 *   the Dag has a run of that logical date.
 */
export async function triggerRun(runs: RunStore, clock: Clock, request: TriggerRequest): Promise<DagRun> {
  const { logicalDate, act } = request;
  const runId = request.runId ?? newManualRunId(clock, logicalDate);
  const run = await newRun(request, { runType: "manual", runId });
  return await runs.createRun(run, act && { ...act, filter: { ...act.filter, runId } });
}

/** An id for a run that a person makes, which no other run has. */
export function newManualRunId(clock: Clock, logicalDate: number | null): string {
  const nonce = randomBytes(3).toString("hex");
  return `manual__${new Date(logicalDate ?? clock.now()).toISOString()}_${nonce}`;
}

/** The run of a Dag that its schedule, or a backfill, has for a date: there is one id for it. */
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
  { version, conf, params, logicalDate, cacheMode, madeBy, isSecret }: TriggerRequest,
  name: Pick<NewDagRun, "runType" | "runId">,
): Promise<NewDagRun> {
  return {
    ...name,
    team: version.team,
    dagId: version.dag.dagId,
    dagVersionId: version.id,
    logicalDate,
    // Airflow 3: the interval of a run begins and ends at its logical date.
    dataIntervalStart: logicalDate,
    dataIntervalEnd: logicalDate,
    conf,
    params: await checkRequest(version.dag, { conf, params, ...(isSecret && { isSecret }) }),
    cacheMode,
    ...(madeBy !== undefined && { madeBy }),
  };
}
