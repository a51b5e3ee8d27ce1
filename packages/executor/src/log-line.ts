// How a line of an attempt's log looks, whoever writes it.

import type { LogFields } from "@memodag/core";

/** How much a line matters. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** All that some program takes for the end of a line. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const LINE_ENDS = /[\n\r\v\f\u001c-\u001e\u0085\u2028\u2029]/g;

/** A line with its break: the time in UTC, the level, the message, and its facts as JSON. Line
 * breaks within are spelled out: no message can forge another one. */
export function formatLogLine(
  time: number,
  level: LogLevel,
  message: string,
  fields: LogFields = {},
): string {
  const facts = Object.keys(fields).length === 0 ? "" : ` ${JSON.stringify(fields)}`;
  const line = `${new Date(time).toISOString()} ${level.toUpperCase().padEnd(5)} ${message}${facts}`;
  return `${line.replaceAll(LINE_ENDS, spelledOut)}\n`;
}

/** The line that says of a log that lines before it are missing. */
export function lostLogLines(time: number, lost: number, reason: string): string {
  return formatLogLine(
    time,
    "warn",
    `${lost} line(s) were lost here, since the log could not be written (${reason})`,
  );
}

function spelledOut(character: string): string {
  if (character === "\n") return "\\n";
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
