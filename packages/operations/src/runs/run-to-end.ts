// Runs a Dag to its end in this process, with its own scheduler and executor.

import { MemodagError, messageOf, type DagRun, type DagVersion } from "@memodag/core";
import { listInterruptedRuns } from "@memodag/scheduler";
import type { OperationContext } from "../context.ts";
import { getDag } from "../dags/find-dag.ts";
import { faultLines, lastGoodOf, requireReadable, type LastGood } from "../dags/last-good.ts";
import { cancelStoppedRuns, runCancelled } from "./cancel-stopped-runs.ts";
import { interruptedText } from "./interrupted-text.ts";
import { makeRunOnce } from "./make-run.ts";
import { patience, rideOut } from "../ride-out.ts";
import { whenEnded } from "./run-end.ts";
import type { OpenScheduler, RunEvent, RunWatch } from "./run-host.ts";
import { reportRun, type RunReport } from "./run-report.ts";
import { limitOptions, readLogicalDate, runInputsOf, type DatedRunRequest } from "./run-request.ts";
import { reportTransactions } from "./transaction-report.ts";
import { triggerAct } from "./trigger-act.ts";
import { whenAborted } from "../when-aborted.ts";

/** The run to execute in this process. */
export interface RunToEndInput extends DatedRunRequest {
  /** Continues the Dag's interrupted and cleared runs instead of creating a new one. */
  readonly resume?: boolean | undefined;
  /** Runs the last good version of the Dag if its file currently cannot be read. */
  readonly lastGood?: boolean | undefined;
}

/** The executing scheduler, and the receivers of events. */
export interface RunToEndParts {
  readonly openScheduler: OpenScheduler;
  /** Cancels the runs; its reason becomes part of the message. */
  readonly signal: AbortSignal;
  readonly onEvent: (event: RunEvent) => void;
  /** Watches the runs with these numbers. */
  readonly watch: (runIds: readonly number[]) => Promise<RunWatch>;
  /** Follows the logs of a run until it has ended or the signal aborts. Absent: its logs are not followed. */
  readonly followLogs?: ((run: DagRun, signal: AbortSignal) => Promise<void>) | undefined;
}

/** A finished run and, if its file could not be read, which version ran. */
export type FinishedRun = RunReport & LastGood;

/**
 * Creates a run of the latest version of a Dag and executes it, or executes the Dag's interrupted runs, whose
 * process has died or stopped. The signal cancels the runs being executed.
 * @returns the runs, oldest first; one unless several were resumed
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `dag_file_invalid`, `dag_run_not_found`,
 * `conf_invalid`, `task_not_found`, `xcom_not_found`, `max_active_runs_reached`, `run_interrupted`, `run_not_loadable`, `usage`.
 */
export async function runToEnd(
  context: OperationContext,
  input: RunToEndInput,
  parts: RunToEndParts,
): Promise<FinishedRun[]> {
  const { resume = false } = input;
  const { dags } = context.stores;
  if (resume) refuseInputsOfNewRuns(input);
  const { signal, onEvent } = parts;
  const version = await rideOut(() => getDag(dags, input), patience(context));
  // A resumed run uses the version that it was created with, whatever the file contains now.
  const lastGood = resume ? {} : await rideOut(() => lastGoodOf(dags, version), patience(context));
  requireReadable(lastGood, input.lastGood === true);
  for (const fault of faultLines(lastGood)) onEvent({ kind: "last_good", fault });
  if (signal.aborted) throw notBegun(version, signal);
  const runs = resume
    ? await findInterrupted(context, version)
    : [await makeRun(context, { input, version }, parts)];
  await execute(context, runs, parts);
  const finished: FinishedRun[] = [];
  for (const run of runs)
    finished.push({ ...(await rideOut(() => readReport(context, run), patience(context))), ...lastGood });
  return finished;
}

function notBegun({ dagId }: DagVersion, { reason }: AbortSignal): MemodagError {
  const message = `Got ${String(reason)} before a run of ${dagId} was created: nothing ran`;
  return new MemodagError("run_interrupted", message, { fields: { dagId } });
}

/** @throws MemodagError `usage` */
function refuseInputsOfNewRuns(input: RunToEndInput): void {
  const { conf, params, logicalDate, cacheMode, selection, cacheLimits } = input;
  const given = [
    ...(conf === undefined ? [] : ["--conf"]),
    ...(params === undefined ? [] : ["--param"]),
    ...(logicalDate === undefined || logicalDate === null ? [] : ["--logical-date"]),
    ...(cacheMode === "refresh" ? ["--refresh-cache"] : []),
    ...(cacheMode === "off" ? ["--no-cache"] : []),
    ...limitOptions(cacheLimits),
    ...(selection === undefined ? [] : ["until" in selection ? "--until" : "--only"]),
  ];
  if (given.length === 0) return;
  throw new MemodagError(
    "usage",
    `--resume continues runs with their original settings: remove ${given.join(", ")}, or --resume`,
  );
}

async function makeRun(
  context: OperationContext,
  { input, version }: { readonly input: RunToEndInput; readonly version: DagVersion },
  { signal, onEvent }: RunToEndParts,
): Promise<DagRun> {
  const { stores, actor, clock, settings } = context;
  const { runs } = stores;
  const { team, dagId } = version;
  const waiting = patience(context, signal);
  const interrupted = await rideOut(() => listInterruptedRuns(runs, { team, dagId }), waiting);
  requireRoom(version, interrupted);
  for (const run of interrupted) onEvent({ kind: "interrupted", run });
  const { selection } = input;
  const inputs = { version, selection, logicalDate: readLogicalDate(input), ...runInputsOf(input, settings) };
  const act = triggerAct(actor, "dags.run", inputs);
  return await makeRunOnce({ runs, clock }, { ...inputs, act }, waiting);
}

/**
 * Interrupted runs count towards the Dag's limit: a run that waits for one of them would wait indefinitely.
 */
function requireRoom({ dagId, dag }: DagVersion, interrupted: readonly DagRun[]): void {
  const [first] = interrupted;
  if (first === undefined || interrupted.length < dag.maxActiveRuns) return;
  throw new MemodagError(
    "max_active_runs_reached",
    `Dag "${dagId}" allows ${dag.maxActiveRuns} active run(s) (maxActiveRuns), and there are ` +
      `${interrupted.length} interrupted ones. ${interruptedText(first)}`,
    { fields: { dagId, runIds: interrupted.map(({ runId }) => runId) } },
  );
}

async function findInterrupted({ stores }: OperationContext, { team, dagId }: DagVersion): Promise<DagRun[]> {
  const interrupted = await listInterruptedRuns(stores.runs, { team, dagId, queued: "cleared" });
  if (interrupted.length > 0) return interrupted;
  throw new MemodagError(
    "dag_run_not_found",
    `Dag "${dagId}" has no interrupted or cleared run: remove --resume to create a new run`,
    { fields: { dagId } },
  );
}

async function execute(
  context: OperationContext,
  runs: readonly DagRun[],
  { openScheduler, signal, onEvent, watch, followLogs }: RunToEndParts,
): Promise<void> {
  const [first] = runs;
  if (first === undefined) return;
  const runIds = runs.map(({ id }) => id);
  const watched = await watch(runIds);
  const notLoaded = Promise.withResolvers<never>();
  const scheduler = await openScheduler({
    team: first.team,
    dagId: first.dagId,
    runs: runIds,
    log: watched.log,
    listener: {
      ...watched.listener,
      runNotLoaded: (run, reason) => notLoaded.reject(runNotLoadable(run, reason)),
    },
  });
  const giveUp = new AbortController();
  // Another scheduler may claim the run first, or take it over.
  const whenDone = async (run: DagRun): Promise<DagRun> =>
    await Promise.race([scheduler.whenOver(run.id), whenEnded(context, run, giveUp.signal)]);
  const stopped = whenAborted(signal);
  const logs = followLogs && followAll(context, runs, giveUp.signal, followLogs);
  try {
    const allDone = Promise.all(runs.map(whenDone));
    scheduler.start();
    const cause = await Promise.race([allDone.then(() => null), stopped, notLoaded.promise]);
    if (cause !== null) {
      onEvent({ kind: "cancelling", dagId: first.dagId, runIds: runs.map(({ runId }) => runId), cause });
      const cancelled = await cancelStoppedRuns(context, runs, scheduler);
      await allDone;
      // There may be no other process to call them.
      await scheduler.whenCallbacksCalled();
      if (cancelled.length > 0) throw runCancelled(cancelled, cause);
      return;
    }
    await Promise.race([scheduler.whenCallbacksCalled(), stopped]);
  } finally {
    giveUp.abort();
    await scheduler.stop();
    await logs;
    watched.close();
  }
}

/** Never rejects: what is wrong with a log is no reason for a run to fail. */
async function followAll(
  context: OperationContext,
  runs: readonly DagRun[],
  signal: AbortSignal,
  followLogs: NonNullable<RunToEndParts["followLogs"]>,
): Promise<void> {
  const follow = async (run: DagRun): Promise<void> => {
    try {
      await followLogs(run, signal);
    } catch (error) {
      context.log.warn(`The logs of ${run.runId} cannot be shown: ${messageOf(error)}`);
    }
  };
  await Promise.all(runs.map(follow));
}

function runNotLoadable({ dagId, runId }: DagRun, reason: string): MemodagError {
  return new MemodagError(
    "run_not_loadable",
    `Run ${runId} of Dag "${dagId}" cannot be loaded: ${reason}. Schedulers keep trying; ` +
      `\`memodag runs cancel ${dagId} ${runId}\` ends it`,
    { fields: { dagId, runId } },
  );
}

async function readReport(
  { stores: { runs, dags } }: OperationContext,
  { team, dagId, runId, id }: DagRun,
): Promise<RunReport> {
  const run = await runs.findRun(team, dagId, runId);
  if (run === undefined) throw new Error(`run ${runId} of ${dagId} is gone`);
  const { dag } = await dags.getDagVersion(run.dagVersionId);
  const instances = await runs.listTaskInstances(team, id);
  return reportRun(run, instances, dag.tasks, await reportTransactions(runs, run, dag.transactions));
}
