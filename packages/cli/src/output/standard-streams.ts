// Writes to stdout and stderr, whose failures do not end the program: it continues without its output.
//
// Node's streams take longer to load than most commands run. A file or a pipe is written to without them: at once, or,
// where other work must not wait for a slow reader, piece by piece in the background.

import { fstatSync, write, writeSync } from "node:fs";
import { findFileFault, messageOf } from "@memodag/core";
import type { OutputConfiguration } from "commander";

const HELP_WIDTH = 80;

/** Text for one of the two. */
class Output {
  readonly #fd: 1 | 2;
  readonly #onFault: (error: NodeJS.ErrnoException) => void;
  #stream: NodeJS.WriteStream | undefined;
  #isFileOrPipe: boolean | undefined;
  /** Text to be written in the background; `undefined` where all is written at once. */
  #queue: Buffer[] | undefined;
  #current: Promise<void> | undefined;
  #hasFailed = false;

  constructor(fd: 1 | 2, onFault: (error: NodeJS.ErrnoException) => void) {
    this.#fd = fd;
    this.#onFault = onFault;
  }

  get isTerminal(): boolean {
    return !this.#canDoWithoutStream() && this.stream().isTTY;
  }

  /** False where no colours are shown, whatever Node's stream would say. */
  get mayHaveColors(): boolean {
    return process.env["FORCE_COLOR"] !== undefined || this.isTerminal;
  }

  write(text: string): void {
    if (this.#hasFailed) return;
    if (!this.#canDoWithoutStream()) this.stream().write(text);
    else if (this.#queue === undefined) this.#writeAtOnce(Buffer.from(text));
    else {
      this.#queue.push(Buffer.from(text));
      this.#current ??= this.#writeQueue(this.#queue);
    }
  }

  /** From now on, a slow reader delays nothing but its own output. */
  writeInBackground(): void {
    this.#queue ??= [];
  }

  /** Resolves when all that was written in the background has been taken, or lost. */
  async drained(): Promise<void> {
    await this.#current;
  }

  /** Node's stream. From now on all output goes through it. */
  stream(): NodeJS.WriteStream {
    if (this.#stream === undefined) {
      this.#stream = this.#fd === 1 ? process.stdout : process.stderr;
      // The program may run more than once in a process, as in tests.
      this.#stream.off("error", this.#onFault).on("error", this.#onFault);
    }
    return this.#stream;
  }

  #canDoWithoutStream(): boolean {
    return this.#stream === undefined && (this.#isFileOrPipe ??= isFileOrPipe(this.#fd));
  }

  #writeAtOnce(bytes: Buffer): void {
    let at = 0;
    try {
      while (at < bytes.length) at += writeSync(this.#fd, bytes, at);
    } catch (error) {
      this.#continueAfter(error as NodeJS.ErrnoException, bytes.subarray(at));
    }
  }

  async #writeQueue(queue: Buffer[]): Promise<void> {
    while (queue.length > 0) {
      const bytes = Buffer.concat(queue.splice(0));
      const { error, length } = await writeSome(this.#fd, bytes);
      const rest = bytes.subarray(length);
      if (error !== null) this.#continueAfter(error, rest);
      else if (rest.length > 0) queue.unshift(rest);
      if (this.#hasFailed) queue.length = 0;
      if (this.#stream !== undefined) for (const waiting of queue.splice(0)) this.#stream.write(waiting);
    }
    this.#current = undefined;
  }

  #continueAfter(error: NodeJS.ErrnoException, rest: Buffer): void {
    // Another process has set the pipe to refuse what it cannot take at once; the stream waits.
    if (error.code === "EAGAIN") {
      this.stream().write(rest);
      return;
    }
    this.#hasFailed = true;
    this.#onFault(error);
  }
}

function isFileOrPipe(fd: number): boolean {
  try {
    const file = fstatSync(fd);
    return file.isFile() || file.isFIFO() || file.isSocket();
  } catch {
    // Closed: the stream says so.
    return false;
  }
}

async function writeSome(
  fd: number,
  bytes: Buffer,
): Promise<{ error: NodeJS.ErrnoException | null; length: number }> {
  return await new Promise((told) => {
    write(fd, bytes, (error, length) => told({ error, length: length ?? 0 }));
  });
}

/** How commander prints help. An error is reported once, by what runs the program, in one line or as JSON. */
export function helpOutput(): OutputConfiguration {
  const widthOf = (output: Output) => (output.isTerminal ? output.stream().columns : undefined);
  return {
    writeOut: (text) => stdout.write(text),
    writeErr: (text) => stderr.write(text),
    outputError: () => undefined,
    // As commander has them, which loads both streams to ask.
    getOutHelpWidth: () => widthOf(stdout) ?? HELP_WIDTH,
    getErrHelpWidth: () => widthOf(stderr) ?? HELP_WIDTH,
    getOutHasColors: () => stdout.isTerminal,
    getErrHasColors: () => stderr.isTerminal,
  };
}

/** Why stdout lost something that its reader did not want to lose. */
let stdoutFault: Error | undefined;

const closed = new AbortController();

export const stdout: Output = new Output(1, (error) => {
  // The reader, such as `head`, wants no more.
  if (error.code === "EPIPE") closed.abort();
  else stdoutFault ??= error;
});

export const stderr: Output = new Output(2, () => {
  // There is no place left to say so. Services count what they lose: see `stderr-sink.ts`.
});

/** True when no one reads stdout any more: what only prints may end. */
export function isStdoutClosed(): boolean {
  return closed.signal.aborted;
}

/** Aborted when no one reads stdout any more. */
export function stdoutClosed(): AbortSignal {
  return closed.signal;
}

/** The message about output that was lost, for example because of a full disk; returned once. */
export async function takeStdoutFault(): Promise<string | undefined> {
  await Promise.all([stdout.drained(), stderr.drained()]);
  // By then streams have said what they could not take.
  await new Promise((told) => setImmediate(told));
  if (stdoutFault === undefined) return undefined;
  const reason = findFileFault(stdoutFault)?.message ?? messageOf(stdoutFault);
  stdoutFault = undefined;
  return `not all output could be written to stdout: ${reason}`;
}
