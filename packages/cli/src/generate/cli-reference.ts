// Writes `docs/reference/cli.md`: every command with its arguments and options, as the program has them.

import type { Argument, Command, Option } from "commander";

const HEAD = `# Commands

<!-- Generated from the program by \`npm run generate\`: do not edit. -->

Every command takes \`--config <file>\` (default: \`$MEMODAG_CONFIG\`, \`./memodag.toml\`,
\`./config/memodag.toml\`) and prints tables, or JSON with \`--json\`.

Exit codes: 0: success; 1: the run failed, a check found problems, a store was left out, or the user declined; 2: usage or configuration error, with the
fix in one line on stderr; 70: a bug in memodag; 130: interrupted.
`;

/** Told once, in the head. */
const COMMON_OPTIONS: ReadonlySet<string> = new Set(["--config", "--json"]);

/** The reference of a program's commands, in Markdown. */
export function renderCliReference(program: Command): string {
  return [HEAD, ...commandsBelow(program, program.name())].join("\n");
}

function commandsBelow(command: Command, path: string): string[] {
  // Hidden ones are for programs.
  const visible = new Set(command.createHelp().visibleCommands(command));
  return command.commands
    .filter((below) => visible.has(below))
    .flatMap((below) => {
      const name = `${path} ${below.name()}`;
      return below.commands.length === 0 ? [renderCommand(below, name)] : commandsBelow(below, name);
    });
}

function renderCommand(command: Command, name: string): string {
  const words = command.registeredArguments.map(writtenArgument);
  const rows = [
    ...command.registeredArguments.map((argument) => row(writtenArgument(argument), argument.description)),
    ...command.options
      .filter(({ long }) => !COMMON_OPTIONS.has(long ?? ""))
      .map((option) => row(option.flags, describeOption(option))),
  ];
  const table = rows.length === 0 ? "" : `\n${["| | |", "| --- | --- |", ...rows].join("\n")}\n`;
  return `## ${name}\n\n\`${[name, ...words].join(" ")}\`: ${command.description()}.\n${table}`;
}

function writtenArgument(argument: Argument): string {
  const name = argument.name() + (argument.variadic ? "..." : "");
  return argument.required ? `<${name}>` : `[${name}]`;
}

function describeOption({ description, defaultValue, defaultValueDescription, argChoices }: Option): string {
  // The positive form of `--no-…` has a default of its own, which the flag says already.
  const isShown = defaultValue !== undefined && typeof defaultValue !== "boolean";
  const choices = argChoices === undefined ? "" : `: ${argChoices.join(", ")}`;
  return `${description}${choices}${isShown ? ` (default: ${defaultValueDescription ?? String(defaultValue)})` : ""}`;
}

function row(name: string, text: string): string {
  return `| \`${name}\` | ${text.replaceAll("|", "\\|")} |`;
}
