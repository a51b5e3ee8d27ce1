// A folder with a config and Dag files of its own, and the real `memodag` command in it.

import { execFile, spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { COMMAND_TIMEOUT_MS } from "./patience.ts";
import { RunningCommand } from "./running-command.ts";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
const BIN = join(REPOSITORY, "packages/memodag/bin/memodag.js");

const MOST_OUTPUT_BYTES = 64 * 2 ** 20;

const BUNDLE = '[[bundles]]\nname = "dags"\npath = "dags"\n';

/** What a command came to. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a workspace begins with. */
export interface WorkspaceContents {
  /** Of `[database]`; a SQLite file in the folder unless said otherwise. */
  readonly databaseUrl?: string;
  /** TOML put before the bundle's table. */
  readonly config?: string;
  /** Variables that every command is given. */
  readonly env?: Readonly<Record<string, string>>;
  /** Path below `dags/` → text. */
  readonly dags?: Readonly<Record<string, string>>;
  /** Longest that a command may take, in milliseconds, where its tasks have much to do. */
  readonly commandTimeoutMs?: number;
}

/** A project as a user has one; everything in it is gone after {@link remove}. */
export class Workspace {
  /** The path of the command. */
  readonly bin = BIN;
  readonly folder: string = mkdtempSync(join(tmpdir(), "memodag-e2e-"));
  readonly databaseUrl: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #commandTimeoutMs: number;
  readonly #running: RunningCommand[] = [];

  constructor({
    databaseUrl,
    config = "",
    env = {},
    dags = {},
    commandTimeoutMs = COMMAND_TIMEOUT_MS,
  }: WorkspaceContents = {}) {
    this.#env = env;
    this.#commandTimeoutMs = commandTimeoutMs;
    this.databaseUrl = databaseUrl ?? `sqlite:${this.path("metadata.db")}`;
    this.write("memodag.toml", `${config}\n[database]\nurl = "${this.databaseUrl}"\n\n${BUNDLE}`);
    mkdirSync(this.path("dags"));
    for (const [name, text] of Object.entries(dags)) this.write(`dags/${name}`, text);
    symlinkSync(join(REPOSITORY, "node_modules"), this.path("node_modules"));
  }

  /** The absolute path of a file of the workspace. */
  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
  }

  /** Runs a command to its end, with settings of the environment if there are any. */
  async memodag(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
    const options = { ...this.#options(env), timeout: this.#commandTimeoutMs, maxBuffer: MOST_OUTPUT_BYTES };
    return await new Promise((resolve) => {
      const child: ChildProcess = execFile(process.execPath, [BIN, ...args], options, (_, stdout, stderr) => {
        resolve({ code: child.exitCode, stdout, stderr });
      });
    });
  }

  /** Runs a command with `--json` and reads what it printed, whatever its exit code. */
  async json<T>(...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await this.memodag([...args, "--json"]);
    if (stdout === "") throw new Error(`memodag ${args.join(" ")} ended with ${code}: ${stderr}`);
    return JSON.parse(stdout) as T;
  }

  /**
   * Starts a command that goes on; it is killed with the workspace at the latest. It leads a process group, as
   * a command does that a shell starts.
   */
  start(...args: string[]): RunningCommand {
    return this.startWith({}, ...args);
  }

  /** The same, with settings of the environment. */
  startWith(env: Readonly<Record<string, string>>, ...args: string[]): RunningCommand {
    const stdio: StdioOptions = ["ignore", "pipe", "pipe"];
    const options = { ...this.#options(env), stdio, detached: true };
    const command = new RunningCommand(spawn(process.execPath, [BIN, ...args], options));
    this.#running.push(command);
    return command;
  }

  async remove(): Promise<void> {
    await Promise.all(this.#running.map((command) => command.end("SIGKILL")));
    rmSync(this.folder, { recursive: true, force: true });
  }

  #options(env: Readonly<Record<string, string>>) {
    // Settings of whoever runs the tests are not the workspace's.
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith("MEMODAG"));
    return { cwd: this.folder, env: { ...Object.fromEntries(own), ...this.#env, ...env } };
  }
}
