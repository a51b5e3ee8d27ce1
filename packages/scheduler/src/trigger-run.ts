// Makes a run of a Dag: its id, its params, its dates.

import { randomBytes } from "node:crypto";
import {
  MemodagError,
  type AuditAct,
  type CacheMode,
  type Clock,
  type DagRun,
  type DagVersion,
  type JsonObject,
  type NewDagRun,
  type RunStore,
} from "@memodag/core";

/** What a person may say about a run. */
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
}

/**
 * Creates a run in state `queued`.
 * @throws MemodagError `conf_invalid` for a param that the Dag does not declare.
 */
export async function triggerRun(runs: RunStore, clock: Clock, request: TriggerRequest): Promise<DagRun> {
  const { version, conf, params, logicalDate, cacheMode, madeBy, act } = request;
  const { dag } = version;
  const unknown = Object.keys(params).filter((name) => !Object.hasOwn(dag.params, name));
  if (unknown.length > 0) {
    const declared = Object.keys(dag.params);
    throw new MemodagError(
      "conf_invalid",
      `Dag "${dag.dagId}" has no param ${unknown.map((name) => `"${name}"`).join(", ")}: ` +
        (declared.length > 0
          ? `its params are ${declared.join(", ")}`
          : "declare it in the Dag's params first"),
      { fields: { dagId: dag.dagId, unknown } },
    );
  }
  const nonce = randomBytes(3).toString("hex");
  const runId = request.runId ?? `manual__${new Date(logicalDate ?? clock.now()).toISOString()}_${nonce}`;
  const run: NewDagRun = {
    team: version.team,
    dagId: dag.dagId,
    runId,
    runType: "manual",
    dagVersionId: version.id,
    logicalDate,
    // Airflow 3: a run by hand has the interval that begins and ends at its logical date.
    dataIntervalStart: logicalDate,
    dataIntervalEnd: logicalDate,
    conf,
    params: { ...dag.params, ...params },
    cacheMode,
    ...(madeBy !== undefined && { madeBy }),
  };
  return await runs.createRun(run, act && { ...act, filter: { ...act.filter, runId } });
}
