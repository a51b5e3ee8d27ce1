// Holds the `memodag` commands that are written somewhere against the program.

import type { createProgram } from "@memodag/cli";
import type { MarkdownFile, Piece } from "./markdown.ts";

type Command = ReturnType<typeof createProgram>;

const SHELLS = new Set(["sh", "bash", "console", "text", ""]);

/** Every command line of a file that begins with `memodag`, as its words. */
export function commandLines({ blocks, spans }: MarkdownFile): Piece[] {
  const lines = blocks
    .filter(({ language }) => SHELLS.has(language))
    .flatMap(({ place, text }) => text.split("\n").map((line) => ({ place, text: line })));
  return [...lines, ...spans].flatMap(({ place, text }) =>
    text
      .split(/&&|[;|#>]/)
      .map((part) => /^\s*(?:\$ )?(?:npx )?memodag(?: +(.*))?$/.exec(part)?.[1])
      .flatMap((words) => (words === undefined ? [] : [{ place, text: words.trim() }])),
  );
}

/** What is wrong with the words behind `memodag`; undefined when nothing is. */
export function findCommandFault(program: Command, words: string): string | undefined {
  let command = program;
  for (const word of words.split(/\s+/)) {
    if (word === "") continue;
    if (word.startsWith("-")) {
      const flag = word.split("=")[0] ?? "";
      if (!hasOption(command, flag)) return `${command.name()} has no option ${flag}`;
      continue;
    }
    const below = command.commands.find((known) => known.name() === word);
    if (below) command = below;
    // Whatever follows the name of a command with none below it is an argument, or an option's value.
    else if (command.commands.length > 0) return `${command.name()} has no command "${word}"`;
  }
  return undefined;
}

/** Whether any command of the program takes an option of that name. */
export function isKnownOption(command: Command, flag: string): boolean {
  return hasOption(command, flag) || command.commands.some((below) => isKnownOption(below, flag));
}

function hasOption({ options }: Command, flag: string): boolean {
  if (flag === "--help" || flag === "-h") return true;
  return options.some(({ long, short }) => long === flag || short === flag);
}
