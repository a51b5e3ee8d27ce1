// Creates runs to be executed by a scheduler elsewhere.

import {
  canonicalBytes,
  MemodagError,
  sha256,
  type DagRun,
  type DagRunState,
  type DagVersion,
  type Digest,
  type RunStore,
} from "@memodag/core";
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
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `conf_invalid`, `task_not_found`, `xcom_not_found`,
 *   `request_key_reused`.
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
  const make = async (once: { runId?: string; madeBy?: string }): Promise<DagRun> =>
    await makeRunOnce({ runs, clock }, { ...inputs, ...once, act }, patience(context));
  const { requestKey } = context;
  const run =
    requestKey === undefined
      ? await make({})
      : await findOrMake(runs, { request, version, requestKey }, make);
  return { run, version, lastGood };
}

interface RepeatableRequest {
  readonly request: DatedRunRequest;
  readonly version: DagVersion;
  readonly requestKey: Digest;
}

/** Digits of the request's key in the id of its run. */
const KEY_DIGITS = 32;

/**
 * Makes the run of a request that may be repeated: its id follows from the key, so that there is one, and a digest of
 * the request is stored with it.
 * @throws MemodagError `request_key_reused` if the key has made a run of another request
 */
async function findOrMake(
  runs: RunStore,
  { request, version: { team, dag }, requestKey }: RepeatableRequest,
  make: (once: { runId: string; madeBy: string }) => Promise<DagRun>,
): Promise<DagRun> {
  const runId = `manual__${requestKey.slice(0, KEY_DIGITS)}`;
  const madeBy = `request ${sha256(canonicalBytes(request))}`;
  const find = async (): Promise<DagRun | undefined> => await runs.findRun(team, dag.dagId, runId);
  const earlier = await find();
  const run =
    earlier ??
    (await make({ runId, madeBy }).catch(async (error: unknown) => {
      // The same request came a second time while the first one was answered.
      const made =
        error instanceof MemodagError && error.code === "dag_run_exists" ? await find() : undefined;
      if (made) return made;
      throw error;
    }));
  if (run.madeBy === madeBy) return run;
  throw new MemodagError(
    "request_key_reused",
    `The idempotency key has made the run "${runId}" of Dag "${dag.dagId}" with another input: choose another key`,
    { fields: { dagId: dag.dagId, runId } },
  );
}
