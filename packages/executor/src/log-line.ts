// How a line of an attempt's log looks, whoever writes it.

import type { LogFields } from "@memodag/core";

/** How much a line matters. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** A line with its break: the time in UTC, the level, the message, and its facts as JSON. */
export function formatLogLine(
  time: number,
  level: LogLevel,
  message: string,
  fields: LogFields = {},
): string {
  const facts = Object.keys(fields).length === 0 ? "" : ` ${JSON.stringify(fields)}`;
  return `${new Date(time).toISOString()} ${level.toUpperCase().padEnd(5)} ${message}${facts}\n`;
}
