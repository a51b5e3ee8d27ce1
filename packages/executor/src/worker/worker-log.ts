// Writes the worker's own messages to its attempt's log, which is its stdout and stderr. If a log is full
// or missing, lines are lost; the attempt and its result are not affected.

import { writeSync } from "node:fs";
import { LineSink, type Logger } from "@memodag/core";
import { formatLogLine, lostLogLines, type LogLevel } from "../log-line.ts";

/** Both are the same file. Handlers may replace members of `process`, so the worker keeps its own. */
const LOG_FD = 1;

const sink = new LineSink({
  write: (bytes) => writeSync(LOG_FD, bytes),
  lossLine: (lost, reason) => lostLogLines(Date.now(), lost, reason),
});

/** The logger of handlers. */
export const attemptLogger: Logger = {
  debug: (message, fields) => log("debug", message, fields),
  info: (message, fields) => log("info", message, fields),
  warn: (message, fields) => log("warn", message, fields),
  error: (message, fields) => log("error", message, fields),
};

/**
 * Writes a thrown error with its stack: one line, with the rest indented, so that no line can be mistaken
 * for another message.
 */
export function logStack(text: string): void {
  const [first = "", ...rest] = text.split(/\r\n|[\n\r\v\f\u0085\u2028\u2029]/);
  const below = rest.map((line) => (/^\s/.test(line) ? line : `    ${line}`));
  sink.write(formatLogLine(Date.now(), "error", first) + below.map((line) => `${line}\n`).join(""));
}

/**
 * Makes `process.stdout` and `process.stderr` drop what cannot be written: their errors would end the
 * attempt.
 */
export function guardOutput(): void {
  for (const name of ["stdout", "stderr"] as const) {
    const property = Object.getOwnPropertyDescriptor(process, name);
    const open = property?.get?.bind(process) as (() => NodeJS.WriteStream) | undefined;
    if (!property || !open) continue;
    let stream: NodeJS.WriteStream | undefined;
    // Created on first use: loading its modules takes longer than a small task.
    const get = (): NodeJS.WriteStream => (stream ??= open().on("error", () => undefined));
    Object.defineProperty(process, name, { ...property, get });
  }
}

function log(level: LogLevel, ...[message, fields]: Parameters<Logger["info"]>): void {
  sink.write(formatLogLine(Date.now(), level, String(message), fields));
}
