// Options of lists that have pages, and the note that says how to see the next.

import type { Command } from "commander";
import { printNote } from "../output/print.ts";
import { parseCount } from "./parse-arguments.ts";

/** The options of {@link withPageOptions}. */
export interface PageOptions {
  readonly limit: number;
  readonly after?: string;
}

/** Adds `--limit` and `--after`. */
export function withPageOptions(command: Command, limit: number): Command {
  return command
    .option("--limit <n>", "how many at most", parseCount, limit)
    .option("--after <cursor>", "go on where a page ended: it says with which cursor");
}

/** Says that there are more. */
export function noteNext({ next }: { readonly next: string | null }): void {
  if (next !== null) printNote(`There are more: --after ${next} shows the next.`);
}
