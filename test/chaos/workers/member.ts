// A process of a fleet, started again whenever it ends, as a supervisor does.

import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { dieWithParent } from "@memodag/test-servers";

const BIN = fileURLToPath(new URL("../../../packages/memodag/bin/memodag.js", import.meta.url));

const RESTART_MS = 300;

/** A process that was told to end has ended by then, in milliseconds: `shutdown_grace`, and what it has to say. */
const END_WITHIN_MS = 40_000;

/** How to start a process. */
export interface MemberOptions {
  readonly name: string;
  readonly folder: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Starts a command of a project; what it says goes to the end of a file. */
export function startCommand({ name, folder, args, env }: MemberOptions): ChildProcess {
  const log = openSync(`${folder}/${name}.log`, "a");
  const stdio = ["ignore", log, log] as const;
  // It is gone with the tests even when they are killed.
  const [program = "", ...words] = [...dieWithParent(), process.execPath, BIN, ...args];
  const child = spawn(program, words, {
    cwd: folder,
    env: environment(folder, env),
    stdio: [...stdio],
  });
  closeSync(log);
  return child;
}

/** Runs a command of a project to its end, and returns what it printed. @throws Error if it failed */
export async function runCommand({ folder, args, env }: Omit<MemberOptions, "name">): Promise<string> {
  const options = { cwd: folder, env: environment(folder, env) };
  return (await promisify(execFile)(process.execPath, [BIN, ...args], options)).stdout;
}

function environment(folder: string, env: MemberOptions["env"]): NodeJS.ProcessEnv {
  // Settings of whoever runs the tests are not the project's.
  const own = Object.entries(process.env).filter(([key]) => !key.startsWith("MEMODAG"));
  return { ...Object.fromEntries(own), PWD: folder, ...env };
}

/** A process and its successors. */
export class Member {
  readonly name: string;
  /** How often it was started again. */
  restarts = 0;
  readonly #options: MemberOptions;
  #child: ChildProcess;
  #isClosed = false;

  constructor(options: MemberOptions) {
    this.name = options.name;
    this.#options = options;
    this.#child = this.#start();
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Sends a signal and resolves when the process has ended. @throws Error if it does not end */
  async end(name: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const abort = new AbortController();
    const ended = once(child, "exit", { signal: abort.signal });
    const timer = setTimeout(() => abort.abort(), END_WITHIN_MS);
    child.kill(name);
    try {
      await ended;
    } catch {
      throw new Error(`${this.name} had not ended ${END_WITHIN_MS} ms after ${name}`);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends it and starts it no more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.end("SIGKILL");
  }

  #start(): ChildProcess {
    const child = startCommand(this.#options);
    child.once("exit", () => void this.#restart());
    return child;
  }

  async #restart(): Promise<void> {
    await sleep(RESTART_MS);
    if (this.#isClosed) return;
    this.restarts += 1;
    this.#child = this.#start();
  }
}
