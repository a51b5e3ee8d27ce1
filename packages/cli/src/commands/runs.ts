// `memodag runs list | show`, and the way to `cancel`.

import type { Command } from "commander";
import { printJson, printLine, printTable } from "../output/print.ts";
import { waysOut } from "@memodag/operations/runs";
import { printRun } from "../output/run-table.ts";
import { shownAge, shownDuration } from "../output/units.ts";
import { isoTime } from "@memodag/operations";
import { reportRun, whyNotLoadable } from "@memodag/operations/runs";
import { getRun } from "@memodag/operations/runs";
import { getDag } from "@memodag/operations/dags";
import { withOperations } from "../wiring/deployment.ts";
import { type TeamOptions, withTeamOptions } from "./common-options.ts";
import { parseCount } from "./parse-arguments.ts";
import { registerCancel } from "./runs-cancel.ts";

/** Adds the `runs` commands. */
export function registerRuns(program: Command): void {
  const runs = program.command("runs").description("Runs of Dags.");
  withTeamOptions(runs.command("list"))
    .description("the latest runs, of one Dag or of all")
    .argument("[dag]", "a Dag's id")
    .option("--limit <n>", "how many at most", parseCount, 50)
    .action(listRuns);
  withTeamOptions(runs.command("show"))
    .description("a run with its tasks")
    .argument("<dag>", "the Dag's id")
    .argument("<run>", "the run's id")
    .action(showRun);
  registerCancel(runs);
}

async function listRuns(dagId: string | undefined, options: TeamOptions & { limit: number }): Promise<void> {
  const { team, limit } = options;
  const { listInterruptedRuns } = await import("@memodag/scheduler");
  const { runs, interrupted } = await withOperations(options, async (context, metadata) => {
    const found = await metadata.runs.listRuns({
      ...(team !== undefined && { team }),
      ...(dagId !== undefined && { dagId }),
      limit,
    });
    // No run is only right of a Dag that there is.
    if (found.length === 0 && dagId !== undefined) await getDag(metadata.dags, { dagId, team });
    const leftBehind = await listInterruptedRuns(metadata.runs, {
      ...(team !== undefined && { team }),
      ...(dagId !== undefined && { dagId }),
    });
    return { runs: found, interrupted: new Set(leftBehind.map(({ id }) => id)) };
  });
  if (options.json) {
    return printJson(
      runs.map((run) => ({
        dagId: run.dagId,
        runId: run.runId,
        team: run.team,
        runType: run.runType,
        state: run.state,
        isInterrupted: interrupted.has(run.id),
        logicalDate: isoTime(run.logicalDate),
        createdAt: isoTime(run.createdAt),
        startedAt: isoTime(run.startedAt),
        endedAt: isoTime(run.endedAt),
        processesSpawned: run.processesSpawned,
        lookups: run.lookups,
      })),
    );
  }
  const now = Date.now();
  printTable(
    ["DAG", "RUN", "STATE", "CREATED", "DURATION", "PROCESSES"],
    runs.map((run) => [
      run.dagId,
      run.runId,
      interrupted.has(run.id) ? `${run.state} (interrupted)` : run.state,
      shownAge(run.createdAt, now),
      shownDuration(run.endedAt === null || run.startedAt === null ? null : run.endedAt - run.startedAt),
      run.processesSpawned,
    ]),
    "No runs yet: `memodag dags run ID` makes one.",
  );
}

async function showRun(dagId: string, runId: string, options: TeamOptions): Promise<void> {
  const { listInterruptedRuns } = await import("@memodag/scheduler");
  const { report, fault, isInterrupted } = await withOperations(options, async (context, metadata) => {
    const run = await getRun(metadata, { dagId, team: options.team }, runId);
    const interrupted = await listInterruptedRuns(metadata.runs, { team: run.team, dagId });
    const reason = await whyNotLoadable(metadata, run);
    // Beside a fault, what can be read is shown: the fault says why the rest is missing.
    const unlessFaulty = async <T>(read: () => Promise<readonly T[]>): Promise<readonly T[]> => {
      return reason === undefined ? await read() : await read().catch(() => []);
    };
    const instances = await unlessFaulty(() => metadata.runs.listTaskInstances(run.team, run.id));
    const tasks = await unlessFaulty(
      async () => (await metadata.dags.getDagVersion(run.dagVersionId)).dag.tasks,
    );
    return {
      report: reportRun(run, instances, tasks),
      fault: reason,
      isInterrupted: interrupted.some(({ id }) => id === run.id),
    };
  });
  if (options.json) {
    const more = { ...(isInterrupted && { isInterrupted }), ...(fault !== undefined && { fault }) };
    return printJson({ ...report, ...more });
  }
  printRun(report);
  if (fault !== undefined) {
    printLine(
      report.durationMs === null
        ? `It cannot be loaded: ${fault}. Schedulers put it aside and try again: ` +
            `\`memodag runs cancel ${dagId} ${runId}\` ends it.`
        : `It cannot be read whole: ${fault}.`,
    );
  } else if (isInterrupted) printLine(`Interrupted: ${waysOut(dagId, runId)}.`);
}
