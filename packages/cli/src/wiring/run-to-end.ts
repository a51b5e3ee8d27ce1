// Runs a Dag to its end in this process, with a scheduler and an executor of its own.

import {
  MemodagError,
  secretTest,
  type CacheMode,
  type DagRun,
  type DagVersion,
  type JsonObject,
} from "@memodag/core";
import { listInterruptedRuns } from "@memodag/scheduler";
import type { CommonOptions } from "./settings.ts";
import { waysOut } from "../output/interrupted-text.ts";
import { printNote } from "../output/print.ts";
import { showProgress } from "../output/show-progress.ts";
import { reportRun, type RunReport } from "../report/run-report.ts";
import { cancelStoppedRuns, runCancelled } from "./cancel-stopped-runs.ts";
import { triggerAct } from "./trigger-act.ts";
import { refreshDags, requireBundles } from "./dag-files.ts";
import { getDag } from "./find-dag.ts";
import { faultLines, lastGoodOf, requireReadable, type LastGood } from "./last-good.ts";
import { LiveConfig } from "./live-config.ts";
import { type Metadata, withMetadata } from "./metadata.ts";
import { makeRunOnce } from "./make-run.ts";
import { openScheduler } from "./open-scheduler.ts";
import { rideOut, whenEnded } from "./run-end.ts";
import { withStopSignal, type StopCause } from "./stop-signal.ts";

/** What the words of a command line ask for. */
export interface RunWords {
  readonly dagId: string;
  readonly team: string | undefined;
  readonly conf: JsonObject;
  readonly params: JsonObject;
  /** Milliseconds since the Unix epoch. */
  readonly logicalDate: number | null;
  readonly cacheMode: CacheMode;
}

/** How `dags run` goes about it. */
export interface RunToEndOptions extends CommonOptions {
  /** Goes on with the Dag's interrupted and cleared runs in place of making a new one. */
  readonly resume?: boolean;
  /** Runs the Dag as it was last read when its file cannot be read now. */
  readonly lastGood?: boolean;
}

/** A finished run and, where its file could not be read, what ran in its place. */
export type FinishedRun = RunReport & LastGood;

/**
 * Reads the Dag files, makes a run and executes it; or executes the Dag's interrupted runs, whose process is
 * dead or has stopped. A signal cancels what is executed.
 * @returns the runs, oldest first; one unless several were resumed
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `dag_file_invalid`, `dag_run_not_found`,
 *   `conf_invalid`, `config_invalid`, `max_active_runs_reached`, `run_interrupted`,
 *   `run_not_loadable`.
 */
export async function runToEnd(words: RunWords, options: RunToEndOptions): Promise<FinishedRun[]> {
  return await withMetadata(options, async (metadata) => {
    requireBundles(metadata.loaded);
    await rideOut(() => refreshDags(metadata));
    const version = await rideOut(() => getDag(metadata.dags, words));
    // What is resumed runs as the version that it was made of, whatever the file says now.
    const lastGood = options.resume ? {} : await rideOut(() => lastGoodOf(metadata.dags, version));
    requireReadable(lastGood, options.lastGood === true);
    for (const line of faultLines(lastGood)) printNote(`Running the last good version: ${line}`);
    return await withStopSignal(async (stopped) => {
      const runs = options.resume
        ? await findInterrupted(metadata, version)
        : [await makeRun(metadata, words, { version, stopped })];
      await execute(metadata, { runs, stopped, isQuiet: options.json === true });
      const finished: FinishedRun[] = [];
      for (const run of runs)
        finished.push({ ...(await rideOut(() => readReport(metadata, run))), ...lastGood });
      return finished;
    });
  });
}

async function makeRun(
  { runs, config }: Metadata,
  words: RunWords,
  { version, stopped }: { readonly version: DagVersion; readonly stopped: Promise<StopCause> },
): Promise<DagRun> {
  const { conf, params, logicalDate, cacheMode } = words;
  const { team, dagId } = version;
  const interrupted = await rideOut(() => listInterruptedRuns(runs, { team, dagId }), { stopped });
  requireRoom(version, interrupted);
  for (const run of interrupted) printNote(`${interruptedText(run)}.`);
  const isSecret = secretTest(config.core.secretPatterns);
  const wish = { version, conf, params, logicalDate, cacheMode, isSecret };
  return await makeRunOnce(runs, { ...wish, act: triggerAct("dags.run", wish) }, { stopped });
}

/** Interrupted runs keep their places among the Dag's runs: a run that waits for one would wait for ever. */
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

function interruptedText({ dagId, runId }: DagRun): string {
  return `Run ${runId} was interrupted: ${waysOut(dagId, runId)}`;
}

async function findInterrupted({ runs }: Metadata, { team, dagId }: DagVersion): Promise<DagRun[]> {
  const interrupted = await listInterruptedRuns(runs, { team, dagId, queued: "cleared" });
  if (interrupted.length > 0) return interrupted;
  throw new MemodagError(
    "dag_run_not_found",
    `Dag "${dagId}" has no run that was interrupted or cleared: leave out --resume to make a new run`,
    { fields: { dagId } },
  );
}

interface Execution {
  /** Runs of one Dag. */
  readonly runs: readonly DagRun[];
  readonly stopped: Promise<StopCause>;
  readonly isQuiet: boolean;
}

async function execute(metadata: Metadata, { runs, stopped, isQuiet }: Execution): Promise<void> {
  const [first] = runs;
  if (first === undefined) return;
  const runIds = runs.map(({ id }) => id);
  const progress = await showProgress(isQuiet, runIds);
  const notLoaded = Promise.withResolvers<never>();
  const scheduler = await openScheduler(metadata, {
    live: new LiveConfig(metadata.loaded),
    log: progress.log,
    listener: {
      ...progress.listener,
      runNotLoaded: (run, reason) => notLoaded.reject(runNotLoadable(run, reason)),
    },
    dag: { team: first.team, dagId: first.dagId },
    runs: runIds,
  });
  const giveUp = new AbortController();
  // A scheduler beside this one may be faster to take a run, or take it over.
  const whenDone = async (run: DagRun): Promise<DagRun> =>
    await Promise.race([scheduler.whenOver(run.id), whenEnded(metadata.runs, run, giveUp.signal)]);
  try {
    const allDone = Promise.all(runs.map(whenDone));
    scheduler.start();
    const cause = await Promise.race([allDone.then(() => null), stopped, notLoaded.promise]);
    if (cause !== null) {
      const cancelled = await cancelStoppedRuns(metadata, { runs, cause, scheduler });
      await allDone;
      // No other process may be there to call them.
      await scheduler.whenCallbacksCalled();
      if (cancelled.length > 0) throw runCancelled(cancelled, cause);
      return;
    }
    await Promise.race([scheduler.whenCallbacksCalled(), stopped]);
  } finally {
    giveUp.abort();
    await scheduler.stop();
    progress.close();
  }
}

function runNotLoadable({ dagId, runId }: DagRun, reason: string): MemodagError {
  return new MemodagError(
    "run_not_loadable",
    `Run ${runId} of Dag "${dagId}" cannot be loaded: ${reason}. Schedulers go on trying; ` +
      `\`memodag runs cancel ${dagId} ${runId}\` ends it`,
    { fields: { dagId, runId } },
  );
}

async function readReport({ runs, dags }: Metadata, { team, dagId, runId, id }: DagRun): Promise<RunReport> {
  const run = await runs.findRun(team, dagId, runId);
  if (run === undefined) throw new Error(`run ${runId} of ${dagId} is gone`);
  const version = await dags.getDagVersion(run.dagVersionId);
  return reportRun(run, await runs.listTaskInstances(team, id), version.dag.tasks);
}
