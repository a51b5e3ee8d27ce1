// The format of lines in an attempt's log.

import type { LogFields } from "@memodag/core";

/** Severity of a line. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Everything that some program treats as the end of a line. */
// oxlint-disable-next-line no-control-regex -- these are the characters to find
const LINE_ENDS = /[\n\r\v\f\u001c-\u001e\u0085\u2028\u2029]/g;

/**
 * Formats a line with its line break: time in UTC, level, message, and fields as JSON. Line breaks inside
 * are escaped, so a message cannot forge another line.
 */
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

/** Formats the line that reports missing lines before it. */
export function lostLogLines(time: number, lost: number, reason: string): string {
  return formatLogLine(
    time,
    "warn",
    `${lost} line(s) were lost here because the log could not be written (${reason})`,
  );
}

function spelledOut(character: string): string {
  if (character === "\n") return "\\n";
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
