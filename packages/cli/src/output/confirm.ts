// Asks whether to go on.

import { createInterface } from "node:readline/promises";
import { MemodagError } from "@memodag/core";
import { stderr } from "./standard-streams.ts";

/** True when the user confirms that something is deleted. `what`: such as "2 entries". */
export async function isConfirmed(verb: string, what: string): Promise<boolean> {
  const refused = `${what} would be deleted, and there is no terminal to ask for confirmation: add --yes or --dry-run`;
  return await isAccepted(`${verb} ${what}?`, refused);
}

/**
 * True when the user answers a question with yes; anything else, including the end of input, declines.
 * @throws MemodagError `usage`, with the message `refused`, where there is no terminal
 */
export async function isAccepted(question: string, refused: string): Promise<boolean> {
  if (!process.stdin.isTTY || !stderr.isTerminal) throw new MemodagError("usage", refused);
  const terminal = createInterface({ input: process.stdin, output: stderr.stream() });
  try {
    const closed = new Promise<string>((resolve) => terminal.once("close", () => resolve("")));
    const answer = await Promise.race([terminal.question(`${question} [y/N] `), closed]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
