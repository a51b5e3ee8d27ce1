// `memodag runs cancel`: ends a run, whichever process executes it.

import type { Command } from "commander";
import { shownInstances } from "../output/instance-names.ts";
import { printJson, printLine } from "../output/print.ts";
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
  const { cancelRun } = await import("@memodag/operations/runs");
  const { team } = options;
  const cancelled = await withOperations(options, (context) => cancelRun(context, { dagId, runId, team }));
  if (options.json) return printJson(cancelled);
  const { failed, skipped } = cancelled;
  printLine(`Cancelled ${runId} of ${dagId}: ${failed.length} failed, ${skipped.length} skipped.`);
  if (failed.length > 0) printLine(`Their attempts are being ended: ${shownInstances(failed)}.`);
}
