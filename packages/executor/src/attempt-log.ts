// The log of one attempt: a file that the worker inherits, with a first and a last line by the executor.

import { closeSync, fstatSync, mkdirSync, openSync, readSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "@memodag/core";
import { formatLogLine, type LogLevel } from "./log-line.ts";

/**
 * An open log file. The worker writes to the same descriptor, so that its lines are in the file the
 * moment they are written, whatever becomes of it.
 */
export class AttemptLog {
  readonly fd: number;
  readonly #clock: Clock;

  /** Opens the file for appending, its folders made. @throws what the file system says. */
  constructor(path: string, clock: Clock) {
    mkdirSync(dirname(path), { recursive: true });
    this.fd = openSync(path, "a+");
    this.#clock = clock;
  }

  /** Adds a line of its own, even where the worker's last one was left open. */
  write(level: LogLevel, message: string): void {
    const lineBreak = this.#endsInLine() ? "" : "\n";
    try {
      writeSync(this.fd, lineBreak + formatLogLine(this.#clock.now(), level, message));
    } catch {
      // A full disk must not change how the attempt ends; what is missing is missing from the log alone.
    }
  }

  close(): void {
    closeSync(this.fd);
  }

  #endsInLine(): boolean {
    const { size } = fstatSync(this.fd);
    if (size === 0) return true;
    const last = Buffer.alloc(1);
    readSync(this.fd, last, 0, 1, size - 1);
    return last.toString("latin1") === "\n";
  }
}
