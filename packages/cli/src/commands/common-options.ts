// Options that every command takes.

import { MemodagError } from "@memodag/core";
import type { Command } from "commander";
import type { CommonOptions } from "../wiring/deployment.ts";

/** For commands about Dags, runs and results. */
export interface TeamOptions extends CommonOptions {
  readonly team?: string;
}

/** Adds `--config` and `--json`. */
export function withCommonOptions(command: Command): Command {
  return command
    .option(
      "--config <file>",
      "the config file (default: $MEMODAG_CONFIG, memodag.toml or config/memodag.toml, here or above)",
    )
    .option("--json", "print JSON");
}

/** Adds the arguments that name a run. */
export function withRunArguments(command: Command): Command {
  return withTeamOptions(command)
    .argument("<dag>", "the Dag's id")
    .argument("<run>", 'the run\'s id, the beginning of one that no other has, or "latest"');
}

/** Adds `--config`, `--json` and `--team`. */
export function withTeamOptions(command: Command): Command {
  return withCommonOptions(command).option("--team <team>", "the team, where there are several");
}

/**
 * Lets the options of commands stand before them too, at each word: `memodag --config FILE dags list`, and
 * `memodag dags --json list`. The nearest one wins.
 */
export function withOptionsBefore(program: Command): Command {
  return withTeamOptions(program)
    .enablePositionalOptions()
    .hook("preAction", (_, command) => {
      for (let above = command.parent; above !== null; above = above.parent) handDown(above, command);
    });
}

/** {@link withOptionsBefore} for the commands that have commands below them. */
export function withOptionsBetween(program: Command): void {
  for (const group of program.commands.filter(({ commands }) => commands.length > 0))
    withTeamOptions(group).enablePositionalOptions();
}

function handDown(above: Command, command: Command): void {
  for (const [name, value] of Object.entries(above.opts())) {
    if (!command.options.some((option) => option.attributeName() === name)) {
      throw new MemodagError("usage", `\`memodag … ${command.name()}\` takes no --${name}: leave it out`);
    }
    const source = command.getOptionValueSource(name);
    if (source === undefined || source === "default") command.setOptionValue(name, value);
  }
}
