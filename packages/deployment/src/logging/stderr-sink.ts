// The log output of services: stderr. A full disk or a closed pipe loses lines and has no other effect.

import { writeSync } from "node:fs";
import { LineSink } from "@memodag/core";

/** How often, and for how many milliseconds each time, to wait for a slow reader. */
const SLOW_READER_TRIES = 100;
const SLOW_READER_MS = 10;

/**
 * A sink for lines to stderr, each written before the call returns. `lossLine` formats the report of lost
 * lines.
 */
export function stderrSink(lossLine: (lost: number, reason: string) => string): LineSink {
  return new LineSink({ write: writeToStderr, lossLine });
}

/** The message about lost lines. */
export function lossMessage(lost: number, reason: string): string {
  return `${lost} line(s) of this log were lost, since stderr could not be written to (${reason})`;
}

function writeToStderr(bytes: Uint8Array): number {
  for (let tries = 1; ; tries += 1) {
    try {
      return writeSync(process.stderr.fd, bytes);
    } catch (error) {
      // The pipe is full, and another process made it non-blocking.
      const isFull = (error as NodeJS.ErrnoException).code === "EAGAIN";
      if (!isFull || tries >= SLOW_READER_TRIES) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SLOW_READER_MS);
    }
  }
}
