// Rows in columns, without rules; only states have colours, and only in a terminal.

import { plainLine, shortened } from "@memodag/deployment/logging";

/** The cells of one line; `null` shows as `-`. Numbers stand to the right. */
export type Row = readonly (string | number | null)[];

const GAP = "  ";

/** The colours of a cell, whose width they do not change. */
export type Paint = (cell: string, header: Row[number]) => string;

/** The text of a table, each line ended by a newline. */
export function formatTable(headers: Row, rows: readonly Row[], paint: Paint = (cell) => cell): string {
  const lines = [headers, ...rows].map((row) => row.map(formatCell));
  const widths = headers.map((_, column) => widestOf(lines, column));
  const isNumeric = headers.map((_, column) => rows.every((row) => typeof row[column] !== "string"));
  return lines
    .map((line, index) =>
      line
        .map((cell, column) => {
          const painted = index === 0 ? cell : paint(cell, headers[column] ?? null);
          return pad(painted, (widths[column] ?? 0) - lengthOf(cell), isNumeric[column] === true);
        })
        .join(GAP),
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

function pad(cell: string, missing: number, toTheRight: boolean): string {
  const space = " ".repeat(missing);
  return toTheRight ? space + cell : cell + space;
}

/** In characters, not in the halves of which some consist. */
function lengthOf(text: string): number {
  return [...text].length;
}
