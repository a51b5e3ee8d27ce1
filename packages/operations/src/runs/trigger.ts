// Creates runs to be executed by a scheduler elsewhere.

import type { DagRun, DagRunState, DagVersion } from "@memodag/core";
import type { OperationContext } from "../context.ts";
import { getDag } from "../dags/find-dag.ts";
import { lastGoodOf, type LastGood } from "../dags/last-good.ts";
import { makeRunOnce } from "./make-run.ts";
import { patience, rideOut } from "../ride-out.ts";
import { whenEnded } from "./run-end.ts";
import { reportRun, type RunReport } from "./run-report.ts";
import { readLogicalDate, runInputsOf, type DatedRunRequest } from "./run-request.ts";
import { reportTransactions } from "./transaction-report.ts";
import { triggerAct } from "./trigger-act.ts";

/** A created run, and whether its Dag's file can currently be read. */
export interface TriggeredRun extends LastGood {
  readonly dagId: string;
  readonly team: string;
  readonly runId: string;
  readonly state: DagRunState;
}

/**
 * Creates a run in state `queued`.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `conf_invalid`, `task_not_found`, `xcom_not_found`.
 */
export async function triggerDag(context: OperationContext, request: DatedRunRequest): Promise<TriggeredRun> {
  const { run, lastGood } = await create(context, request);
  const { dagId, team, runId, state } = run;
  return { dagId, team, runId, state, ...lastGood };
}

/**
 * Creates a run and resolves with its report when a scheduler has completed it, or with its current state
 * when the signal is aborted.
 * @throws MemodagError as {@link triggerDag}
 */
export async function triggerAndWait(
  context: OperationContext,
  request: DatedRunRequest,
  signal?: AbortSignal,
): Promise<RunReport & LastGood> {
  const { run, version, lastGood } = await create(context, request);
  const ended = await whenEnded(context, run, signal);
  const { runs } = context.stores;
  const { dag } = version;
  const instances = await rideOut(() => runs.listTaskInstances(run.team, run.id), patience(context));
  const transactions = await rideOut(
    () => reportTransactions(runs, run, dag.transactions),
    patience(context),
  );
  return { ...reportRun(ended, instances, dag.tasks, transactions), ...lastGood };
}

interface MadeRun {
  readonly run: DagRun;
  readonly version: DagVersion;
  readonly lastGood: LastGood;
}

async function create(context: OperationContext, request: DatedRunRequest): Promise<MadeRun> {
  const { stores, actor, clock, settings } = context;
  const { dags, runs } = stores;
  const logicalDate = readLogicalDate(request);
  const version = await rideOut(() => getDag(dags, request), patience(context));
  const { selection } = request;
  const inputs = { version, selection, logicalDate, ...runInputsOf(request, settings) };
  const act = triggerAct(actor, "dags.trigger", inputs);
  const lastGood = await rideOut(() => lastGoodOf(dags, version), patience(context));
  return {
    run: await makeRunOnce({ runs, clock }, { ...inputs, act }, patience(context)),
    version,
    lastGood,
  };
}
