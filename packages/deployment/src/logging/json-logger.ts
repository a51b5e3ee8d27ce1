// Log messages for programs: a JSON object a line, by pino.

import type { LogFields, Logger } from "@memodag/core";
import { pino } from "pino";
import { isLogged, type LogLevel } from "./log-level.ts";
import { plainJson } from "./plain-text.ts";
import { lossMessage, stderrSink } from "./stderr-sink.ts";

/** A logger that writes to stderr, each line before it returns. The level is asked for at every message. */
export function jsonLogger(level: () => LogLevel): Logger {
  // The last messages of a process must not be lost with it.
  const stderr = stderrSink(lossLine);
  const sink = pino(
    {
      base: null,
      level: "debug",
      messageKey: "message",
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (name) => ({ level: name }) },
    },
    { write: (line: string) => stderr.write(plainJson(line)) },
  );
  const at = (name: LogLevel) => (message: string, fields?: LogFields) => {
    if (isLogged(name, level())) sink[name](fields ?? {}, message);
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

function lossLine(lost: number, reason: string): string {
  const entry = { level: "warn", time: new Date().toISOString(), lost, message: lossMessage(lost, reason) };
  return `${JSON.stringify(entry)}\n`;
}
