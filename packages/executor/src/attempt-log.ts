// The log of one attempt: a file that the worker inherits, with first and last lines written by the
// executor.

import { closeSync, fstatSync, open, openSync, readSync, writeSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { devNull } from "node:os";
import { dirname } from "node:path";
import { promisify } from "node:util";
import {
  formatDuration,
  LineSink,
  messageOf,
  nameFileFault,
  OWN_FILE_MODE,
  OWN_FOLDER_MODE,
  reasonSentence,
  type Attempt,
  type AttemptOutcome,
  type Clock,
} from "@memodag/core";
import { formatLogLine, lostLogLines, type LogLevel } from "./log-line.ts";

/** Receives notifications about lost logs. */
export interface LogLossListener {
  /** The log of an attempt cannot be written, so the worker's output is lost, too. */
  lost(reason: string): void;
  /** A log was written completely. */
  written(): void;
}

/** Node prints a stack and its state after the line that states why it exits. */
const LAST_WORDS_BYTES = 64 * 1024;

interface LogParts {
  readonly path: string;
  readonly clock: Clock;
  readonly listener: LogLossListener;
  readonly fd: number | undefined;
}

const openFile = promisify(open);

/**
 * An open log file. The worker writes to the same descriptor, so its lines are in the file at once,
 * however it ends. Never throws: if a log cannot be written, it is lost, and the attempt continues.
 */
export class AttemptLog {
  /** Descriptor of the file, or of the null device if there is none. */
  readonly fd: number;
  /** Path of what {@link fd} is open on. */
  readonly path: string;
  readonly #clock: Clock;
  readonly #sink: LineSink;
  readonly #listener: LogLossListener;
  readonly #path: string;
  readonly #isOpen: boolean;

  /**
   * Opens the file for appending, creating its folders. The event loop goes on meanwhile: on a slow disk, it is most of
   * what the start of a small attempt costs.
   */
  static async open(path: string, clock: Clock, listener: LogLossListener): Promise<AttemptLog> {
    try {
      await mkdir(dirname(path), { recursive: true, mode: OWN_FOLDER_MODE });
      return new AttemptLog({ path, clock, listener, fd: await openFile(path, "a+", OWN_FILE_MODE) });
    } catch (error) {
      listener.lost(reasonOf(error, path));
      return new AttemptLog({ path, clock, listener, fd: undefined });
    }
  }

  /** `fd`: the open file, if there is one. */
  private constructor({ path, clock, listener, fd }: LogParts) {
    this.#clock = clock;
    this.#path = path;
    this.#listener = listener;
    this.#isOpen = fd !== undefined;
    this.path = this.#isOpen ? path : devNull;
    this.fd = fd ?? openSync(devNull, "a+");
    this.#sink = new LineSink({
      write: (bytes) => writeSync(this.fd, bytes),
      lossLine: (lost, reason) => lostLogLines(this.#clock.now(), lost, reason),
    });
  }

  /** Appends a line, starting a new one if the worker's last line is unterminated. */
  write(level: LogLevel, message: string): void {
    const lineBreak = this.#endsInLine() ? "" : "\n";
    this.#sink.write(lineBreak + formatLogLine(this.#clock.now(), level, message));
  }

  /** True if the worker's last output reports a full JavaScript heap. */
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
      // Writing to it will fail as well, and report the error.
      return true;
    }
  }
}

/** Writes the last line of an attempt: how it ended. */
export function logOutcome(log: AttemptLog, { callback }: Attempt, outcome: AttemptOutcome): void {
  const duration = `${Math.round(outcome.durationMs)}ms`;
  if (outcome.kind === "failed") {
    const failed = `failed after ${duration}: ${outcome.error.code}: ${outcome.error.message}`;
    if (callback)
      log.write("warn", `the ${callback.event} callback ${failed} (the task stays ${callback.state})`);
    else log.write("error", failed);
    return;
  }
  if (callback) {
    log.write("info", `the ${callback.event} callback ended in ${duration}`);
    return;
  }
  if (outcome.kind === "skipped") {
    log.write("info", `skipped after ${duration}: ${outcome.reason}`);
    return;
  }
  if (outcome.kind === "rescheduled") {
    log.write("info", `condition not met after ${duration}: next poke in ${formatDuration(outcome.afterMs)}`);
    return;
  }
  const uncacheable =
    outcome.uncacheable === null ? "" : `, not cached: ${reasonSentence(outcome.uncacheable)}`;
  log.write("info", `succeeded in ${duration}${uncacheable}`);
}

function reasonOf(error: unknown, path: string): string {
  return messageOf(
    nameFileFault(error, { what: "the log of an attempt", path, setting: "[core] state_dir" }),
  );
}
