// A table of what was removed, or would be.

import type { Removed } from "@memodag/operations/retention";
import { printLine, printTable } from "./print.ts";

const WHAT = {
  runs: "runs",
  instances: "task instances",
  xcoms: "XComs",
  entries: "entries of job caches",
  logs: "logs",
  artifacts: "Dag versions and artifacts",
} as const satisfies Partial<Record<keyof Removed, string>>;

/** Prints a row for each kind that there is anything of; `empty` if there is nothing. */
export async function printRemoved(removed: Removed, empty: string): Promise<void> {
  const { formatSize } = await import("@memodag/core");
  const kinds = Object.keys(WHAT) as (keyof typeof WHAT)[];
  const rows = kinds.filter((kind) => removed[kind] > 0).map((kind) => [WHAT[kind], removed[kind]]);
  printTable(["WHAT", "COUNT"], rows, empty);
  if (removed.bytes === 0) return;
  printLine("");
  printLine(`Size: ${formatSize(removed.bytes)}`);
}
