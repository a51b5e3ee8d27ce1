// Where services log to: stderr, whose end is not theirs. A full disk or a closed pipe costs lines and nothing else.

import { writeSync } from "node:fs";
import { LineSink } from "@memodag/core";

/** How often, and for how many milliseconds each time, a reader that is slow is waited for. */
const SLOW_READER_TRIES = 100;
const SLOW_READER_MS = 10;

/** A sink for lines to stderr, each written before the call returns. `lossLine` is told when lines were lost. */
export function stderrSink(lossLine: (lost: number, reason: string) => string): LineSink {
  return new LineSink({ write: writeToStderr, lossLine });
}

/** What is said of lines that were lost. */
export function lossMessage(lost: number, reason: string): string {
  return `${lost} line(s) of this log were lost, since stderr could not be written to (${reason})`;
}

function writeToStderr(bytes: Uint8Array): number {
  for (let tries = 1; ; tries += 1) {
    try {
      return writeSync(process.stderr.fd, bytes);
    } catch (error) {
      // A pipe that another process made non-blocking, and that is full.
      const isFull = (error as NodeJS.ErrnoException).code === "EAGAIN";
      if (!isFull || tries >= SLOW_READER_TRIES) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SLOW_READER_MS);
    }
  }
}
