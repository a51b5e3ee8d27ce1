// Asks whether to go on with what cannot be undone.

import { createInterface } from "node:readline/promises";
import { MemodagError } from "@memodag/core";
import { stderr } from "./standard-streams.ts";

/** True when the user confirms; anything but a yes, including the end of input, declines. `what`: such as "2 entries". */
export async function isConfirmed(verb: string, what: string): Promise<boolean> {
  if (!process.stdin.isTTY || !stderr.isTerminal) {
    throw new MemodagError(
      "usage",
      `${what} would be deleted, and there is no terminal to ask for confirmation: add --yes or --dry-run`,
    );
  }
  const terminal = createInterface({ input: process.stdin, output: stderr.stream() });
  try {
    const closed = new Promise<string>((resolve) => terminal.once("close", () => resolve("")));
    const answer = await Promise.race([terminal.question(`${verb} ${what}? [y/N] `), closed]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
