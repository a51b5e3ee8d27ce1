// Keeps failures of stdout and stderr from ending the program, which continues without its output.

import { findFileFault, messageOf } from "@memodag/core";

/** Why stdout lost something that its reader did not want to lose. */
let stdoutFault: Error | undefined;

/** Has faults of both streams heard; may be called again. */
export function guardStandardStreams(): void {
  for (const [stream, listener] of [
    [process.stdout, noteStdoutFault],
    [process.stderr, ignore],
  ] as const) {
    if (!stream.listeners("error").includes(listener)) stream.on("error", listener);
  }
}

/** True when no one reads stdout any more: what only prints may end. */
export function isStdoutClosed(): boolean {
  return closed.signal.aborted;
}

/** Aborted when no one reads stdout any more. */
export function stdoutClosed(): AbortSignal {
  return closed.signal;
}

/** The message about output that was lost, for example because of a full disk; returned once. */
export function takeStdoutFault(): string | undefined {
  if (stdoutFault === undefined) return undefined;
  const reason = findFileFault(stdoutFault)?.message ?? messageOf(stdoutFault);
  stdoutFault = undefined;
  return `not all output could be written to stdout: ${reason}`;
}

const closed = new AbortController();

function noteStdoutFault(error: NodeJS.ErrnoException): void {
  // The reader, such as `head`, wants no more.
  if (error.code === "EPIPE") closed.abort();
  else stdoutFault ??= error;
}

function ignore(): void {
  // There is no place left to say so. Services count what they lose: see `stderr-sink.ts`.
}
