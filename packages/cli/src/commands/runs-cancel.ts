// `memodag runs cancel`: ends a run, whichever process executes it.

import type { Command } from "commander";
import { shownInstances } from "../output/instance-names.ts";
import { printJson, printLine } from "../output/print.ts";
import { withOperations } from "../wiring/deployment.ts";
import { type TeamOptions, withRunArguments } from "./common-options.ts";

/** Adds `runs cancel`. */
export function registerCancel(runs: Command): void {
  withRunArguments(runs.command("cancel"))
    .description("end a run as failed, with what it is running, wherever that is")
    .action(cancel);
}

async function cancel(dagId: string, run: string, options: TeamOptions): Promise<void> {
  const { cancelRun } = await import("@memodag/operations/runs");
  const name = { dagId, runId: run, team: options.team };
  const cancelled = await withOperations(options, (context) => cancelRun(context, name));
  if (options.json) return printJson(cancelled);
  const { runId, failed, skipped } = cancelled;
  printLine(`Cancelled ${runId} of ${dagId}: ${failed.length} failed, ${skipped.length} skipped.`);
  if (failed.length > 0) printLine(`Their attempts are being ended: ${shownInstances(failed)}.`);
}
