// `memodag runs cancel`: ends a run, whoever executes it.

import type { Command } from "commander";
import { shownInstances } from "../output/instance-names.ts";
import { printJson, printLine } from "../output/print.ts";
import { newAct } from "@memodag/operations";
import { getRun } from "@memodag/operations/runs";
import { withOperations } from "../wiring/deployment.ts";
import { type TeamOptions, withTeamOptions } from "./common-options.ts";

/** Adds `runs cancel`. */
export function registerCancel(runs: Command): void {
  withTeamOptions(runs.command("cancel"))
    .description("end a run as failed, with what it is running, wherever that is")
    .argument("<dag>", "the Dag's id")
    .argument("<run>", "the run's id")
    .action(cancel);
}

async function cancel(dagId: string, runId: string, options: TeamOptions): Promise<void> {
  const { cancelRun } = await import("@memodag/scheduler");
  const { failed, skipped } = await withOperations(options, async (context, metadata) => {
    const run = await getRun(metadata, { dagId, team: options.team }, runId);
    const version = await metadata.dags.getDagVersion(run.dagVersionId).catch((error: unknown) => {
      // A run whose version is damaged can only be cancelled.
      if (error instanceof SyntaxError) return null;
      throw error;
    });
    return await cancelRun(
      metadata.runs,
      { run, version },
      newAct(context.actor, "runs.cancel", run.team, { dagId, runId }),
    );
  });
  if (options.json) return printJson({ dagId, runId, state: "failed", failed, skipped });
  printLine(`Cancelled ${runId} of ${dagId}: ${failed.length} failed, ${skipped.length} skipped.`);
  if (failed.length > 0) printLine(`Their attempts are being ended: ${shownInstances(failed)}.`);
}
