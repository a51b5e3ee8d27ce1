// What a worker itself writes to its attempt's log, which is its stdout and stderr. A log that is full, or gone,
// costs lines; the attempt and its result go on.

import { writeSync } from "node:fs";
import { LineSink, type Logger } from "@memodag/core";
import { formatLogLine, lostLogLines, type LogLevel } from "../log-line.ts";

/** Both are the same file. Handlers may replace what they find on `process`; the worker keeps its own. */
const LOG_FD = 1;

const sink = new LineSink({
  write: (bytes) => writeSync(LOG_FD, bytes),
  lossLine: (lost, reason) => lostLogLines(Date.now(), lost, reason),
});

/** Where a handler's log goes. */
export const attemptLogger: Logger = {
  debug: (message, fields) => log("debug", message, fields),
  info: (message, fields) => log("info", message, fields),
  warn: (message, fields) => log("warn", message, fields),
  error: (message, fields) => log("error", message, fields),
};

/** Writes a thrown error with its stack: one line, and the others indented, so that none can be another's. */
export function logStack(text: string): void {
  const [first = "", ...rest] = text.split(/\r\n|[\n\r\v\f\u0085\u2028\u2029]/);
  const below = rest.map((line) => (/^\s/.test(line) ? line : `    ${line}`));
  sink.write(formatLogLine(Date.now(), "error", first) + below.map((line) => `${line}\n`).join(""));
}

/** Lets `process.stdout` and `process.stderr` lose what cannot be written: an error of theirs would end the attempt. */
export function guardOutput(): void {
  for (const name of ["stdout", "stderr"] as const) {
    const property = Object.getOwnPropertyDescriptor(process, name);
    const open = property?.get?.bind(process) as (() => NodeJS.WriteStream) | undefined;
    if (!property || !open) continue;
    let stream: NodeJS.WriteStream | undefined;
    // Not before it is asked for: loading what it is made of takes longer than a small task.
    const get = (): NodeJS.WriteStream => (stream ??= open().on("error", () => undefined));
    Object.defineProperty(process, name, { ...property, get });
  }
}

function log(level: LogLevel, ...[message, fields]: Parameters<Logger["info"]>): void {
  sink.write(formatLogLine(Date.now(), level, String(message), fields));
}
