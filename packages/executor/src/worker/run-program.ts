// Runs a program to its end without a shell, with this process's output, and without waiting for its
// children.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeSync } from "node:fs";
import { join } from "node:path";
import { MemodagError, messageOf } from "@memodag/core";

/** A program to run. */
export interface Program {
  /** The program, searched on the PATH of `env`, and its arguments. */
  readonly argv: readonly string[];
  /** Absolute path. */
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Aborted when the program should stop: it then receives SIGTERM. */
  readonly signal: AbortSignal;
}

/** How a program ended: with a code, or by a signal. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last lines of its stderr, joined; empty if there were none. */
  readonly lastWords: string;
}

/** Milliseconds to read stderr after the program's end, while one of its children holds it open. */
const LAST_WORDS_MS = 200;
/** Number of bytes of stderr kept for the message. */
const KEPT_BYTES = 4_096;
const KEPT_LINES = 5;
const NAME_LENGTH = 100;

/**
 * Runs the program. It stays in this process's group, which ends with the attempt, together with
 * everything
 * that it starts.
 * @throws MemodagError `command_not_started`
 */
export async function runProgram(program: Program): Promise<ProgramEnd> {
  const [file = "", ...args] = program.argv;
  const child = spawn(file, args, {
    cwd: program.cwd,
    env: program.env,
    stdio: ["ignore", "inherit", "pipe"],
  });
  let kept = Buffer.alloc(0);
  child.stderr.on("data", (chunk: Buffer) => {
    writeAll(chunk);
    kept = Buffer.concat([kept, chunk]).subarray(-KEPT_BYTES);
  });
  const stop = (): void => void child.kill("SIGTERM");
  program.signal.addEventListener("abort", stop);
  try {
    const closed = once(child, "close").catch(() => undefined);
    const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    await Promise.race([closed, delay(LAST_WORDS_MS)]);
    return { code, signal, lastWords: lastLines(kept.toString()) };
  } catch (error) {
    throw notStarted(program, error);
  } finally {
    program.signal.removeEventListener("abort", stop);
    child.stderr.destroy();
  }
}

/** The name of the program for messages: `python3 fit.py`. */
export function nameOfProgram(argv: readonly string[]): string {
  const name = argv.join(" ");
  return name.length > NAME_LENGTH ? `${name.slice(0, NAME_LENGTH)}…` : name;
}

function writeAll(chunk: Uint8Array): void {
  try {
    for (let written = 0; written < chunk.length;) written += writeSync(2, chunk, written);
  } catch {
    // A full disk must not affect the outcome of the attempt; only the log is incomplete.
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}

function lastLines(text: string): string {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  return lines.slice(-KEPT_LINES).join(" | ");
}

/** Explains why the process could not be started: the system reports several causes with one code. */
function notStarted({ argv, cwd }: Program, cause: unknown): MemodagError {
  const [file = ""] = argv;
  return new MemodagError(
    "command_not_started",
    `${nameOfProgram(argv)} could not be started: ${reasonOf(cause, file, cwd)}`,
    { cause, fields: { program: file, cwd } },
  );
}

function reasonOf(cause: unknown, file: string, cwd: string): string {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === "ENOENT" && !existsSync(cwd)) {
    return `folder ${cwd} does not exist: create it, or correct the command's cwd`;
  }
  if (code === "ENOENT" && !file.includes("/")) {
    return `program "${file}" is not on the PATH of the worker: install it, or correct the command`;
  }
  if (code === "ENOENT" && existsSync(join(cwd, file))) {
    return `the interpreter in its first line does not exist: install it, or correct that line`;
  }
  if (code === "ENOENT") return `there is no file ${file} in ${cwd}: correct the command or its cwd`;
  if (code === "EACCES") {
    return `${file} is not executable: run chmod +x on it, or call its interpreter, such as python3`;
  }
  return `${messageOf(cause)}: correct the command`;
}
