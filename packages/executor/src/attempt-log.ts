// The log of one attempt: a file that the worker inherits, with a first and a last line by the executor.

import { closeSync, fstatSync, mkdirSync, openSync, readSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import {
  LineSink,
  messageOf,
  nameFileFault,
  OWN_FILE_MODE,
  OWN_FOLDER_MODE,
  type Clock,
} from "@memodag/core";
import { formatLogLine, lostLogLines, type LogLevel } from "./log-line.ts";

/** Who is told of logs that are lost. */
export interface LogLossListener {
  /** The log of an attempt cannot be written; what its worker prints is lost as well. */
  lost(reason: string): void;
  /** One could be written to its end. */
  written(): void;
}

/** Node prints a stack and its state after the words that tell why it ends. */
const LAST_WORDS_BYTES = 64 * 1024;

/**
 * An open log file. The worker writes to the same descriptor, so that its lines are in the file the
 * moment they are written, whatever becomes of it. Never throws: a log that cannot be written is lost, and the
 * attempt goes on.
 */
export class AttemptLog {
  /** Of the file; of `/dev/null` where there is none. */
  readonly fd: number;
  readonly #clock: Clock;
  readonly #sink: LineSink;
  readonly #listener: LogLossListener;
  readonly #path: string;
  readonly #isOpen: boolean;

  /** Opens the file for appending, its folders made. */
  constructor(path: string, clock: Clock, listener: LogLossListener) {
    this.#clock = clock;
    this.#path = path;
    this.#listener = listener;
    let fd: number | undefined;
    try {
      mkdirSync(dirname(path), { recursive: true, mode: OWN_FOLDER_MODE });
      fd = openSync(path, "a+", OWN_FILE_MODE);
    } catch (error) {
      listener.lost(reasonOf(error, path));
    }
    this.#isOpen = fd !== undefined;
    this.fd = fd ?? openSync("/dev/null", "a+");
    this.#sink = new LineSink({
      write: (bytes) => writeSync(this.fd, bytes),
      lossLine: (lost, reason) => lostLogLines(this.#clock.now(), lost, reason),
    });
  }

  /** Adds a line of its own, even where the worker's last one was left open. */
  write(level: LogLevel, message: string): void {
    const lineBreak = this.#endsInLine() ? "" : "\n";
    this.#sink.write(lineBreak + formatLogLine(this.#clock.now(), level, message));
  }

  /** True when the worker's last words are those of a JavaScript heap that is full. */
  tellsOfFullHeap(): boolean {
    const { size } = fstatSync(this.fd);
    const end = Buffer.alloc(Math.min(size, LAST_WORDS_BYTES));
    readSync(this.fd, end, 0, end.length, size - end.length);
    return /^FATAL ERROR: .*(heap out of memory|heap limit|Invalid array length Allocation failed)/m.test(
      end.toString("latin1"),
    );
  }

  close(): void {
    if (this.#isOpen) {
      if (this.#sink.lostLines === 0) this.#listener.written();
      else this.#listener.lost(`${this.#path}: ${this.#sink.reason}: free space on its disk`);
    }
    closeSync(this.fd);
  }

  #endsInLine(): boolean {
    try {
      const { size } = fstatSync(this.fd);
      if (size === 0) return true;
      const last = Buffer.alloc(1);
      readSync(this.fd, last, 0, 1, size - 1);
      return last.toString("latin1") === "\n";
    } catch {
      // Writing to it will fail as well, and says so.
      return true;
    }
  }
}

function reasonOf(error: unknown, path: string): string {
  return messageOf(
    nameFileFault(error, { what: "the log of an attempt", path, setting: "[core] state_dir" }),
  );
}
