// `memodag completion`, which prints a shell's script, and the hidden `memodag complete` that the scripts ask.

import { Argument, type Command } from "commander";
import { candidates, givenValue } from "../completion/candidates.ts";
import { completionScript, SHELLS, type Shell } from "../completion/scripts.ts";
import { printText } from "../output/print.ts";
import { stdout } from "../output/standard-streams.ts";

/** How long a shell waits at most, in milliseconds. */
const DEADLINE_MS = 1_500;

/** Adds both. `makeProgram` makes the program whose command lines are completed. */
export function registerCompletion(program: Command, makeProgram: () => Command): void {
  program
    .command("completion")
    .description("a script that completes commands, options, Dags, runs and tasks in a shell")
    .addArgument(new Argument("<shell>", "the shell").choices(SHELLS))
    .addHelpText(
      "after",
      '\nIn ~/.bashrc:                   eval "$(memodag completion bash)"\n' +
        'In ~/.zshrc, after compinit:    eval "$(memodag completion zsh)"\n' +
        "In ~/.config/fish/config.fish:  memodag completion fish | source",
    )
    .action((shell: Shell) => printText(completionScript(shell)));
  program
    .command("complete", { hidden: true })
    .argument("[words...]", "the words after memodag, the last one as far as it is typed")
    .action((words: string[]) => complete(makeProgram(), words));
}

/** Prints what may come next. Nothing is said of faults: a shell is being typed in. */
async function complete(program: Command, words: readonly string[]): Promise<void> {
  // Whatever waits, such as a connection, is left behind.
  const late = setTimeout(() => process.exit(0), DEADLINE_MS);
  try {
    const { openNames } = await import("@memodag/deployment/stores");
    const config = givenValue(program, words, "config");
    await using names = openNames({
      ...(config !== undefined && { config }),
      team: givenValue(program, words, "team"),
    });
    const found = await candidates(program, words, names);
    stdout.write(found.map((word) => `${word}\n`).join(""));
  } catch {
    // There is nothing to offer.
  } finally {
    clearTimeout(late);
  }
}
