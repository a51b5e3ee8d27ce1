// `memodag runs delete`: removes ended runs with everything that belongs to them.

import type { Command } from "commander";
import { printJson } from "../output/print.ts";
import { printRemoved } from "../output/removed-table.ts";
import { withOperations } from "../wiring/deployment.ts";
import { type TeamOptions, withTeamOptions } from "./common-options.ts";

/** Adds `runs delete`. */
export function registerDelete(runs: Command): void {
  withTeamOptions(runs.command("delete"))
    .description("delete ended runs with their tasks, XComs, entries and logs; cached results stay")
    .argument("<dag>", "the Dag's id")
    .argument("<run...>", 'ids of runs, the beginning of one that no other has, or "latest"')
    .action(deleteRuns);
}

async function deleteRuns(dagId: string, runIds: string[], options: TeamOptions): Promise<void> {
  const { deleteRuns: remove } = await import("@memodag/operations/retention");
  const { team } = options;
  const removed = await withOperations(options, (context) => remove(context, { dagId, runIds, team }));
  if (options.json) printJson(removed);
  else await printRemoved(removed, "Nothing was deleted.");
}
