// Runs a Dag to its end in this process, with a scheduler and an executor of its own.

import { MemodagError, systemClock, type CacheMode, type DagRun, type JsonObject } from "@memodag/core";
import { triggerRun } from "@memodag/scheduler";
import type { CommonOptions } from "./settings.ts";
import { printNote } from "../output/print.ts";
import { showProgress } from "../output/show-progress.ts";
import { reportRun, type RunReport } from "../report/run-report.ts";
import { triggerAct } from "./trigger-act.ts";
import { refreshDags, requireBundles } from "./dag-files.ts";
import { getDag } from "./find-dag.ts";
import { LiveConfig } from "./live-config.ts";
import { type Metadata, withMetadata } from "./metadata.ts";
import { openScheduler } from "./open-scheduler.ts";
import { whenEnded } from "./run-end.ts";
import { withStopSignal } from "./stop-signal.ts";

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

/**
 * Reads the Dag files, makes a run and executes it. Interrupted runs of the same Dag, whose process
 * is dead, are brought to their end too.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `conf_invalid`, `config_invalid`.
 */
export async function runToEnd(words: RunWords, options: CommonOptions): Promise<RunReport> {
  return await withMetadata(options, async (metadata) => {
    requireBundles(metadata.loaded);
    await refreshDags(metadata);
    const { dagId, team, ...request } = words;
    const version = await getDag(metadata.dags, { dagId, team });
    await warnOfBrokenFile(metadata, version.file);
    const wish = { version, ...request };
    const act = triggerAct("dags.run", wish);
    const run = await triggerRun(metadata.runs, systemClock, { ...wish, act });
    await execute(metadata, run, options.json === true);
    return await readReport(metadata, run);
  });
}

async function warnOfBrokenFile({ dags }: Metadata, file: { bundle: string; path: string }): Promise<void> {
  const files = await dags.listDagFiles(file.bundle);
  const error = files.find(({ path }) => path === file.path)?.error;
  if (error)
    printNote(
      `${file.bundle}/${file.path} could not be read, so its last good version runs: ${error.message}`,
    );
}

async function execute(metadata: Metadata, run: DagRun, isQuiet: boolean): Promise<void> {
  const progress = await showProgress(isQuiet);
  await withStopSignal(async (stopped) => {
    const scheduler = await openScheduler(metadata, {
      live: new LiveConfig(metadata.loaded),
      log: progress.log,
      listener: progress.listener,
      dag: { team: run.team, dagId: run.dagId },
    });
    const giveUp = new AbortController();
    // A scheduler beside this one may be faster to take the run, or take it over.
    const whenDone = (held: DagRun) =>
      Promise.race([scheduler.whenOver(held.id), whenEnded(metadata.runs, held, giveUp.signal)]);
    const isStopped = stopped.then(() => true);
    try {
      const isDone = whenDone(run).then(() => false);
      scheduler.start();
      if (await Promise.race([isDone, isStopped])) throw interrupted(run);
      // Runs that another process left behind, taken over with this one.
      await Promise.race([Promise.all(scheduler.heldRuns.map(whenDone)), isStopped]);
      // Nobody else may be there to call them.
      await Promise.race([scheduler.whenCallbacksCalled(), isStopped]);
    } finally {
      giveUp.abort();
      await scheduler.stop();
      progress.close();
    }
  });
}

function interrupted({ dagId, runId }: DagRun): MemodagError {
  return new MemodagError(
    "run_interrupted",
    `Run ${runId} was interrupted: the next scheduler, or \`memodag dags run ${dagId}\`, brings it to its end`,
    { fields: { dagId, runId } },
  );
}

async function readReport({ runs, dags }: Metadata, { team, dagId, runId, id }: DagRun): Promise<RunReport> {
  const run = await runs.findRun(team, dagId, runId);
  if (run === undefined) throw new Error(`run ${runId} of ${dagId} is gone`);
  const version = await dags.getDagVersion(run.dagVersionId);
  return reportRun(run, await runs.listTaskInstances(team, id), version.dag.tasks);
}
