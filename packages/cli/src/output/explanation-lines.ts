// An explanation as a command shows it: the verdict, what changed as a table, and the advice.

import type { ExplainedTask } from "@memodag/operations/explain";
import { formatTable } from "./table.ts";

/** The lines, an empty one between the parts. */
export function explanationLines({
  verdict,
  changes,
  advice,
  vouchedFor = [],
  isolation = [],
}: Pick<ExplainedTask, "verdict" | "changes" | "advice" | "vouchedFor" | "isolation">): string[] {
  const rows = changes.map(({ kind, path, before, after }) => [kind, path, before ?? "–", after ?? "–"]);
  const table = formatTable(["CHANGED", "NAME", "BEFORE", "AFTER"], rows).trimEnd().split("\n");
  const notes = [...isolation, ...vouchedFor];
  return [
    verdict,
    ...(rows.length === 0 ? [] : ["", ...table]),
    ...(advice === null ? [] : ["", ...advice.split("\n")]),
    ...(notes.length === 0 ? [] : ["", ...notes.map((line) => `note: ${line}`)]),
  ];
}
