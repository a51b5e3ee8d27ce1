// Removes secrets from this process's environment and passes them on safely.
//
// Every process of the same user, tasks included, can read the environment with which a process was started
// (/proc/PID/environ), and deleting a variable does not change it. The process therefore replaces itself with
// one that was started without them: they are passed in an unnamed file, which is emptied when it is read.
// Imports nothing else of memodag, since it runs before anything else is loaded.

import { closeSync, constants, ftruncateSync, openSync, readFileSync, unlinkSync, writeSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isatty } from "node:tty";

type Environment = Readonly<Record<string, string | undefined>>;

/** The data passed to the process that replaces this one. */
interface HandedOn {
  readonly secrets: Readonly<Record<string, string>>;
  /** The standard input to use afterwards: the original terminal, or nothing. */
  readonly input: string;
}

/** Set for a process whose standard input contains {@link HandedOn}. */
const HANDED_VARIABLE = "MEMODAG_HANDED_SECRETS";
const STDIN = 0;
const TERMINAL = "/dev/tty";
const NOTHING = "/dev/null";

let secrets: Readonly<Record<string, string>> = {};

/**
 * The environment including the secrets that were removed: for the config only, never for child processes.
 */
export function ownEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, ...secrets };
}

/** The variables of an environment that may hold a secret. The URL of a SQLite file holds none. */
export function secretVariables(env: Environment): string[] {
  return Object.keys(env).filter((name) => {
    const value = env[name] ?? "";
    if (name === "PGPASSWORD") return value !== "";
    if (
      /^MEMODAG__(\w+__BACKEND_OPTIONS|EXECUTOR__OPTIONS|WORKER__TOKEN|SIGNATURES__PRIVATE_KEY)$/.test(name)
    )
      return value !== "";
    return /^MEMODAG__\w+__URL$/.test(name) && value !== "" && !value.startsWith("sqlite:");
  });
}

/**
 * Removes the secrets from the environment of this process: replaces the process if it was started with some,
 * and reads them if they were passed on.
 * @returns why tasks may still be able to read them; `null` when they cannot
 */
export function takeSecrets(): string | null {
  if (process.env[HANDED_VARIABLE] !== undefined) {
    delete process.env[HANDED_VARIABLE];
    receive();
    return null;
  }
  const names = secretVariables(process.env);
  if (names.length === 0) return null;
  const why = beginAnew(names);
  return `${names.join(" and ")} can be read by tasks (${why}): give secrets in files, such as [database] url_file`;
}

/**
 * How to start a process of memodag that needs the secrets too: its environment, and what to write to its
 * standard input.
 */
export function handSecretsOn(): { readonly env: NodeJS.ProcessEnv; readonly input: string } {
  const handed: HandedOn = { secrets, input: NOTHING };
  return { env: { ...process.env, [HANDED_VARIABLE]: "1" }, input: JSON.stringify(handed) };
}

/** Does not return, except with the reason why it could not replace the process. */
function beginAnew(names: readonly string[]): string {
  if (typeof process.execve !== "function") return "this system cannot replace a process";
  // The channel would be closed, which the parent process takes for the end of this one.
  if (process.channel !== undefined) return "memodag was started with an IPC channel";
  const taken = Object.fromEntries(names.map((name) => [name, process.env[name] ?? ""]));
  const handed: HandedOn = { secrets: taken, input: isatty(STDIN) ? TERMINAL : NOTHING };
  try {
    giveAsInput(JSON.stringify(handed));
  } catch (error) {
    return `no file can be made to hand them on: ${error instanceof Error ? error.message : String(error)}`;
  }
  const env: Record<string, string> = { [HANDED_VARIABLE]: "1" };
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && taken[name] === undefined) env[name] = value;
  }
  process.execve(process.execPath, [process.argv0, ...process.execArgv, ...process.argv.slice(1)], env);
  return "the process was not replaced";
}

/**
 * Replaces standard input by an unnamed file: only the standard streams stay open when a process is replaced.
 * The file is unlinked before it has contents.
 */
function giveAsInput(text: string): void {
  closeSync(STDIN);
  let fault: unknown;
  // In memory if there is such a directory.
  for (const folder of ["/dev/shm", tmpdir()]) {
    const path = join(folder, `memodag-${randomUUID()}`);
    try {
      // A new file gets the lowest free descriptor.
      const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
      const file = openSync(path, flags, 0o600);
      unlinkSync(path);
      if (file !== STDIN) throw new Error("standard input is in use");
      writeSync(file, text, 0);
      return;
    } catch (error) {
      fault = error;
    }
  }
  throw fault;
}

function receive(): void {
  const { secrets: taken, input } = JSON.parse(readFileSync(STDIN, "utf8")) as HandedOn;
  secrets = taken;
  try {
    ftruncateSync(STDIN, 0);
  } catch {
    // A pipe, which is empty once it has been read.
  }
  closeSync(STDIN);
  try {
    openSync(input, "r+");
  } catch {
    openSync(NOTHING, "r+");
  }
}
