// Log messages as lines: text for people, JSON for programs.

import type { LogFields, Logger } from "@memodag/core";
import { printNote } from "./print.ts";

const LEVELS = ["debug", "info", "warn", "error"] as const;

/** How much is logged: a level and everything above it. */
export type LogLevel = (typeof LEVELS)[number];

type Format = (time: Date, level: string, message: string, fields: LogFields) => string;

/** A logger that hands each message on as a line. The level is asked for at every message. */
export function lineLogger(
  write: (line: string) => void,
  level: () => LogLevel,
  format: Format = formatLogLine,
): Logger {
  const at = (name: LogLevel) => (message: string, fields?: LogFields) => {
    if (LEVELS.indexOf(name) < LEVELS.indexOf(level())) return;
    write(format(new Date(), name, message, fields ?? {}));
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** The logger of a part that goes on until it is told to stop: all to stderr. */
export function serviceLogger(asJson: boolean, level: () => LogLevel): Logger {
  return lineLogger(printNote, level, asJson ? formatLogJson : formatLogLine);
}

function formatLogJson(time: Date, level: string, message: string, fields: LogFields): string {
  return JSON.stringify({ time: time.toISOString(), level, message, ...fields });
}

/** `12:03:04 info  run claimed dagId=penguins runId=…` */
function formatLogLine(time: Date, level: string, message: string, fields: LogFields): string {
  const facts = Object.entries(fields).map(([name, value]) => ` ${name}=${formatValue(value)}`);
  return `${time.toISOString().slice(11, 19)} ${level.padEnd(5)} ${message}${facts.join("")}`;
}

function formatValue(value: LogFields[string] | undefined): string {
  const text = Array.isArray(value) ? value.join(",") : String(value);
  return /^[^\s"]+$/.test(text) ? text : JSON.stringify(text);
}
