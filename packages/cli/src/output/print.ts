// Output to stdout, in the two forms that every command has.

import { withStateColors } from "./colors.ts";
import { stderr, stdout } from "./standard-streams.ts";
import { formatTable, type Row } from "./table.ts";
import { plainJson, plainLine, plainText, shortened } from "@memodag/deployment/logging";

/** Prints a value as JSON. */
export function printJson(value: unknown): void {
  const json = JSON.stringify(value, null, 2);
  // A program reads the same either way, and looking for what a terminal acts upon takes time.
  stdout.write(`${stdout.isTerminal ? plainJson(json) : json}\n`);
}

/** Prints a value as JSON in one line, for a command that prints several. */
export function printJsonLine(value: unknown): void {
  stdout.write(`${plainJson(JSON.stringify(value))}\n`);
}

/** Prints a line of text. */
export function printLine(text: string): void {
  stdout.write(`${plainLine(text)}\n`);
}

/** Prints lines, the last one with its end; a terminal is not shown what it would act upon. */
export function printText(text: string): void {
  stdout.write(stdout.isTerminal ? plainText(text) : text);
}

/** {@link printLine} with states in colour. */
export function printStateLine(text: string): void {
  stdout.write(`${withStateColors(plainLine(text), stdout)}\n`);
}

/** {@link printNote} with states in colour. */
export function printStateNote(text: string): void {
  stderr.write(`${withStateColors(plainLine(text), stderr)}\n`);
}

/** Prints a line on stderr: about the work, not its outcome. */
export function printNote(text: string): void {
  stderr.write(`${plainLine(text)}\n`);
}

/** Prints rows under their headers; `empty` when there are none. */
export function printTable(headers: Row, rows: readonly Row[], empty: string): void {
  if (rows.length === 0) printLine(empty);
  else stdout.write(formatTable(headers, rows, paintState));
}

const STATE_HEADERS: ReadonlySet<Row[number]> = new Set(["STATE", "CACHE"]);

function paintState(cell: string, header: Row[number]): string {
  return STATE_HEADERS.has(header) ? withStateColors(cell, stdout) : cell;
}

/** Prints names and values, one pair a line. */
export function printFacts(facts: Readonly<Record<string, Row[number]>>): void {
  const names = Object.keys(facts);
  const width = names.reduce((widest, name) => Math.max(widest, name.length), 0);
  for (const [name, value] of Object.entries(facts))
    printLine(`${name.padEnd(width)}  ${shortened(String(value ?? "-"))}`);
}
