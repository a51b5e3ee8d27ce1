// Finds the words that may come next on a command line: commands, options, choices, and names from the database.

import type { Argument, Command, Option } from "commander";

/** The names that there are. */
export interface KnownNames {
  dagIds(): Promise<readonly string[]>;
  /** The newest first. */
  runIds(dagId: string): Promise<readonly string[]>;
  taskIds(dagId: string): Promise<readonly string[]>;
}

/** A word that no shell has to be given in quotes. No others are offered. */
const PLAIN_WORD = /^[\p{L}\p{N}_.:+@%=/,-]+$/u;

/**
 * The words that may stand for the last of `words`, which is what has been typed of it.
 * @param words all that follow `memodag`
 */
export async function candidates(
  program: Command,
  words: readonly string[],
  names: KnownNames,
): Promise<string[]> {
  const typed = words.at(-1) ?? "";
  const line = readLine(program, words.slice(0, -1));
  const all = await candidatesAt(line, typed, names);
  return [...new Set(all)].filter((word) => word.startsWith(typed) && PLAIN_WORD.test(word));
}

/** The meaning of the words before the cursor. */
interface Line {
  readonly command: Command;
  readonly given: readonly string[];
  readonly values: ReadonlyMap<string, string>;
  /** The option whose value comes next. */
  readonly awaited: Option | undefined;
}

function readLine(program: Command, words: readonly string[]): Line {
  let command = program;
  let awaited: Option | undefined;
  const given: string[] = [];
  const values = new Map<string, string>();
  for (const word of words) {
    if (awaited !== undefined) {
      values.set(awaited.attributeName(), word);
      awaited = undefined;
    } else if (word.startsWith("-")) {
      const option = findOption(command, word);
      const at = word.indexOf("=");
      if (option?.required && at < 0) awaited = option;
      else if (option) values.set(option.attributeName(), word.slice(at + 1));
    } else {
      const below = command.commands.find((known) => known.name() === word);
      if (below) command = below;
      else given.push(word);
    }
  }
  return { command, given, values, awaited };
}

function findOption(command: Command, word: string): Option | undefined {
  const [flag] = word.split("=");
  for (let above: Command | null = command; above !== null; above = above.parent) {
    const found = above.options.find(({ long, short }) => long === flag || short === flag);
    if (found) return found;
  }
  return undefined;
}

async function candidatesAt(line: Line, typed: string, names: KnownNames): Promise<readonly string[]> {
  const { command, given, values, awaited } = line;
  const dagOfOption = values.get("dag") ?? given[0] ?? "";
  if (awaited) return await valuesOf(awaited.attributeName(), awaited.argChoices, dagOfOption, names);
  if (typed.startsWith("-")) {
    const [flag = ""] = typed.split("=");
    if (flag === typed) return [...command.options.flatMap(({ long }) => long ?? []), "--help"];
    const option = findOption(command, flag);
    const found = await valuesOf(option?.attributeName() ?? "", option?.argChoices, dagOfOption, names);
    return found.map((value) => `${flag}=${value}`);
  }
  if (command.commands.length > 0) return given.length === 0 ? visibleNames(command) : [];
  const last = command.registeredArguments.at(-1);
  const next: Argument | undefined =
    command.registeredArguments[given.length] ?? (last?.variadic ? last : undefined);
  return next ? await valuesOf(next.name(), next.argChoices, given[0] ?? "", names) : [];
}

function visibleNames(command: Command): string[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .map((below) => below.name());
}

/** The values that an argument or an option of this name may have. */
async function valuesOf(
  name: string,
  choices: readonly string[] | undefined,
  dagId: string,
  names: KnownNames,
): Promise<readonly string[]> {
  if (choices) return choices;
  switch (name) {
    case "dag":
      return await names.dagIds();
    case "run":
      return ["latest", ...(await names.runIds(dagId))];
    case "task":
      return await names.taskIds(dagId);
    default:
      return [];
  }
}

/** The value of an option anywhere on the line, such as `--config`. */
export function givenValue(program: Command, words: readonly string[], name: string): string | undefined {
  return readLine(program, words.slice(0, -1)).values.get(name);
}
