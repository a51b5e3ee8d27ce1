// `memodag cache disable | enable`: turns caching off and on for every scheduler at once.

import type { Command } from "commander";
import { printJson, printLine, printNote } from "../output/print.ts";
import { withOperations, type CommonOptions } from "../wiring/deployment.ts";
import { withCommonOptions } from "./common-options.ts";

interface SwitchOptions extends CommonOptions {
  readonly reason?: string;
}

/** Adds `cache disable` and `cache enable`. */
export function registerSwitch(cache: Command): void {
  withReason(cache.command("disable"))
    .description("run every task and leave the cache alone, in every scheduler, within a second")
    .action((options: SwitchOptions) => turn(false, options));
  withReason(cache.command("enable"))
    .description("use the cache again, unless another switch is off")
    .action((options: SwitchOptions) => turn(true, options));
}

function withReason(command: Command): Command {
  return withCommonOptions(command).option("--reason <text>", "why, for those who ask later");
}

async function turn(isEnabled: boolean, options: SwitchOptions): Promise<void> {
  const { switchCache } = await import("@memodag/operations/cache");
  const { reason } = options;
  const turned = await withOperations(options, (context) => switchCache(context, { isEnabled, reason }));
  if (options.json) return printJson(turned);
  printLine(`Caching is ${isEnabled ? "enabled" : "disabled"} for every scheduler.`);
  if (turned.otherOffReason !== null) printNote(`It stays off all the same: ${turned.otherOffReason}.`);
}
