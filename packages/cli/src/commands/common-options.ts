// Options that every command takes.

import type { Command } from "commander";
import type { CommonOptions } from "../wiring/settings.ts";

/** For commands about Dags, runs and results. */
export interface TeamOptions extends CommonOptions {
  readonly team?: string;
}

/** Adds `--config` and `--json`. */
export function withCommonOptions(command: Command): Command {
  return command
    .option(
      "--config <file>",
      "the config file (default: $MEMODAG_CONFIG, ./memodag.toml, ./config/memodag.toml)",
    )
    .option("--json", "print JSON");
}

/** Adds `--config`, `--json` and `--team`. */
export function withTeamOptions(command: Command): Command {
  return withCommonOptions(command).option("--team <team>", "the team, where there are several");
}
