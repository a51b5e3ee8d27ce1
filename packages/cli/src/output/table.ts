// Rows in columns, as plain text: no colours, no rules, the same in a terminal and in a file.

import { plainLine, shortened } from "@memodag/deployment/logging";

/** The cells of one line; `null` shows as `-`. Numbers stand to the right. */
export type Row = readonly (string | number | null)[];

const GAP = "  ";

/** The text of a table, each line ended by a newline. */
export function formatTable(headers: Row, rows: readonly Row[]): string {
  const lines = [headers, ...rows].map((row) => row.map(formatCell));
  const widths = headers.map((_, column) => widestOf(lines, column));
  const isNumeric = headers.map((_, column) => rows.every((row) => typeof row[column] !== "string"));
  return lines
    .map((line) =>
      line.map((cell, column) => pad(cell, widths[column] ?? 0, isNumeric[column] === true)).join(GAP),
    )
    .map((line) => `${line.trimEnd()}\n`)
    .join("");
}

/** One by one: a call takes some 120,000 arguments, and a run may have more rows. */
function widestOf(lines: readonly (readonly string[])[], column: number): number {
  return lines.reduce((widest, line) => Math.max(widest, lengthOf(line[column] ?? "")), 0);
}

/** Every line of a table is as wide as its widest cell. */
const LONGEST_CELL = 400;

function formatCell(cell: Row[number]): string {
  if (cell === null) return "-";
  return shortened(plainLine(String(cell)).replaceAll(/\s+/g, " "), LONGEST_CELL);
}

function pad(cell: string, width: number, toTheRight: boolean): string {
  const space = " ".repeat(width - lengthOf(cell));
  return toTheRight ? space + cell : cell + space;
}

/** In characters, not in the halves of which some consist. */
function lengthOf(text: string): number {
  return [...text].length;
}
