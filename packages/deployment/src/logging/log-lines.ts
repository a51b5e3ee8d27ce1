// Log messages for people: a line each.

import { styleText } from "node:util";
import type { LogFields, Logger } from "@memodag/core";
import { isLogged, type LogLevel } from "./log-level.ts";
import { plainLine } from "./plain-text.ts";
import { lossMessage, stderrSink } from "./stderr-sink.ts";

/** A logger that hands each message on as a line. The level is asked for at every message. */
export function lineLogger(write: (line: string, of: LogLevel) => void, level: () => LogLevel): Logger {
  const at = (name: LogLevel) => (message: string, fields?: LogFields) => {
    if (isLogged(name, level())) write(formatLogLine(new Date(), name, message, fields ?? {}), name);
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** The logger of a service: everything goes to stderr. */
export async function serviceLogger(asJson: boolean, level: () => LogLevel): Promise<Logger> {
  if (!asJson) return colouredLogger(level);
  // Loaded only for services that log JSON.
  const { jsonLogger } = await import("./json-logger.ts");
  return jsonLogger(level);
}

const COLOURS = { debug: "gray", info: "reset", warn: "yellow", error: "red" } as const;

/** Uses colours on a terminal that supports them. */
function colouredLogger(level: () => LogLevel): Logger {
  const coloured = (line: string, of: LogLevel): string =>
    `${styleText(COLOURS[of], line, { stream: process.stderr })}\n`;
  const sink = stderrSink((lost, reason) =>
    coloured(formatLogLine(new Date(), "warn", lossMessage(lost, reason), {}), "warn"),
  );
  return lineLogger((line, of) => sink.write(coloured(line, of)), level);
}

/** `12:03:04 info  run claimed dagId=penguins runId=…`, in the host's own time. */
function formatLogLine(time: Date, level: LogLevel, message: string, fields: LogFields): string {
  const facts = Object.entries(fields)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => ` ${name}=${formatValue(value)}`);
  return plainLine(`${time.toTimeString().slice(0, 8)} ${level.padEnd(5)} ${message}${facts.join("")}`);
}

function formatValue(value: LogFields[string] | undefined): string {
  const text = Array.isArray(value) ? value.join(",") : String(value);
  return /^[^\s"]+$/.test(text) ? text : JSON.stringify(text);
}
