// The secrets that memodag is given by its environment, and how they leave it.
//
// Every process of the same user may read the environment that a process was started with (/proc/PID/environ),
// tasks included, and deleting a variable does not change it. So the process replaces itself by one that was
// started without them: they go along in a file that has no name, which is emptied when it is read. Imports
// nothing of memodag's: it is asked before anything else is loaded.

import { closeSync, constants, ftruncateSync, openSync, readFileSync, unlinkSync, writeSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isatty } from "node:tty";

type Environment = Readonly<Record<string, string | undefined>>;

/** What goes along to the process that takes this one's place. */
interface HandedOn {
  readonly secrets: Readonly<Record<string, string>>;
  /** What standard input is afterwards: the terminal that it was, or nothing. */
  readonly input: string;
}

/** Set for a process whose standard input is what {@link HandedOn} says. */
const HANDED_VARIABLE = "MEMODAG_HANDED_SECRETS";
const STDIN = 0;
const TERMINAL = "/dev/tty";
const NOTHING = "/dev/null";

let secrets: Readonly<Record<string, string>> = {};

/** The environment with the secrets that were taken out of it: for the config, and for no process that is started. */
export function ownEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, ...secrets };
}

/** The variables of an environment that may hold a secret. The url of a SQLite file holds none. */
export function secretVariables(env: Environment): string[] {
  return Object.keys(env).filter((name) => {
    const value = env[name] ?? "";
    if (name === "PGPASSWORD") return value !== "";
    if (/^MEMODAG__\w+__BACKEND_OPTIONS$/.test(name)) return value !== "";
    return /^MEMODAG__\w+__URL$/.test(name) && value !== "" && !value.startsWith("sqlite:");
  });
}

/**
 * Takes the secrets out of the environment of this process: begins anew where it was started with some, and reads
 * them where they were handed on.
 * @returns why a task may read them still; `null` when none may
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
 * How a process of memodag's own is started that has to know the secrets too: its environment, and what to write to
 * its standard input.
 */
export function handSecretsOn(): { readonly env: NodeJS.ProcessEnv; readonly input: string } {
  const handed: HandedOn = { secrets, input: NOTHING };
  return { env: { ...process.env, [HANDED_VARIABLE]: "1" }, input: JSON.stringify(handed) };
}

/** Does not return, or says why it did. */
function beginAnew(names: readonly string[]): string {
  if (typeof process.execve !== "function") return "this system cannot replace a process";
  // Its end of the channel would be closed, which tells the process that started this one that it has ended.
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
 * Puts a file without a name in the place of standard input, which alone with the other two streams stays open where
 * a process is replaced. It loses its name before it has contents.
 */
function giveAsInput(text: string): void {
  closeSync(STDIN);
  let fault: unknown;
  // In memory where there is such a folder.
  for (const folder of ["/dev/shm", tmpdir()]) {
    const path = join(folder, `memodag-${randomUUID()}`);
    try {
      // The lowest number that is free is the one that a file gets.
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
    // A pipe, which is empty once it is read.
  }
  closeSync(STDIN);
  try {
    openSync(input, "r+");
  } catch {
    openSync(NOTHING, "r+");
  }
}
