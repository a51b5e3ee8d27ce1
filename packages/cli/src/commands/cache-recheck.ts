// `memodag cache recheck`: runs instances of a task whose results are stored, and compares.

import type { JsonObject } from "@memodag/core";
import type { RecheckedTask } from "@memodag/operations/cache";
import type { Command } from "commander";
import { EXIT_RUN_FAILED, EXIT_UNSOUND } from "../output/exit-codes.ts";
import { printJson, printLine } from "../output/print.ts";
import { withRunsHere } from "../wiring/runs-here.ts";
import { type TeamOptions, withTeamOptions } from "./common-options.ts";
import { parseConf, parseCount, parseParam } from "./parse-arguments.ts";

interface RecheckOptions extends TeamOptions {
  readonly sample: number;
  readonly conf?: string;
  readonly param?: JsonObject;
}

/** Adds `cache recheck`. */
export function registerRecheck(cache: Command): void {
  withTeamOptions(cache.command("recheck"))
    .description(
      "run a Dag as far as a task whose key leaves something out, and compare stored results of it with new ones",
    )
    .argument("<dag>", "the Dag's id")
    .argument("<task>", "the task's id")
    .option("--sample <n>", "compare the hits of so many instances at most", parseCount, 20)
    .option("--conf <json>", "a JSON object that tasks find in dagRun.conf")
    .option("--param <name=value>", "a param of the Dag; again for another", parseParam)
    .action(recheck);
}

async function recheck(dagId: string, taskId: string, options: RecheckOptions): Promise<void> {
  const { sample, team, conf, param: params } = options;
  const input = {
    dagId,
    taskId,
    sample,
    team,
    params,
    conf: conf === undefined ? undefined : parseConf(conf),
  };
  const rechecked = await withRunsHere(options, async (context, parts) => {
    const { recheckTask } = await import("@memodag/operations/cache");
    return await recheckTask(context, input, parts);
  });
  if (rechecked.state !== "success") process.exitCode = EXIT_RUN_FAILED;
  if (rechecked.differing.length > 0) process.exitCode = EXIT_UNSOUND;
  if (options.json) printJson(rechecked);
  else printLine(textOf(rechecked));
}

function textOf({ dagId, taskId, runId, state, same, differing, failed, hits }: RecheckedTask): string {
  const compared = same + differing.length;
  const others = hits === 0 ? "" : `; ${hits} more hits were not compared`;
  const failures = failed.length === 0 ? "" : `; ${failed.length} failed, and their stored results stay`;
  const outcome =
    compared === 0
      ? `Nothing of ${taskId} was compared: no result was stored for what this run asked for, or it was not reached`
      : `Compared ${compared} of ${taskId}: ${same} the same, ${differing.length} with other bytes`;
  const removed = differing.length === 0 ? "" : `, whose stored results were removed`;
  return `${outcome}${removed}${failures}${others}. \`memodag runs show ${dagId} ${runId} --all\` (${state}) lists them.`;
}
