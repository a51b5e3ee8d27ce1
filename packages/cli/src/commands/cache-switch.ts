// `memodag cache disable | enable`: turns caching off and on for every scheduler at once.

import type { Command } from "commander";
import { printJson, printLine, printNote } from "../output/print.ts";
import { isoTime } from "@memodag/operations";
import { newAct } from "@memodag/operations";
import { withOperations } from "../wiring/deployment.ts";
import type { CommonOptions } from "../wiring/deployment.ts";
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
  const { changedAt, changedBy, reason, otherReason } = await withOperations(
    options,
    async (context, metadata) => {
      const { cacheSwitch } = metadata;
      const { name, host } = context.actor;
      const wish = { isEnabled, reason: options.reason ?? null, changedBy: `${name}@${host}` };
      const action = isEnabled ? "cache.enable" : "cache.disable";
      await cacheSwitch.turn(wish, newAct(context.actor, action, null, { reason: wish.reason }));
      const [last] = await cacheSwitch.list(1);
      return {
        ...wish,
        changedAt: last?.changedAt ?? null,
        otherReason: context.settings.cachingOffReason(),
      };
    },
  );
  if (options.json) return printJson({ isEnabled, reason, changedBy, changedAt: isoTime(changedAt) });
  printLine(`Caching is ${isEnabled ? "enabled" : "disabled"} for every scheduler.`);
  if (isEnabled && otherReason !== null) printNote(`It stays off all the same: ${otherReason}.`);
}
