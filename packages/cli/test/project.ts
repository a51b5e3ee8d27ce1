// A project in a folder of its own, and the real `memodag` command in it.

import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { main } from "../src/main.ts";
import { captureOutput } from "./captured-output.ts";
import { dagFiles } from "./dag-files.ts";

const repository = fileURLToPath(new URL("../../..", import.meta.url));
const bin = join(repository, "packages/memodag/bin/memodag.js");

/** What a command came to. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder with a config and Dag files. */
export class Project {
  /** The path of the command. */
  readonly bin = bin;
  readonly folder: string = mkdtempSync(join(tmpdir(), "memodag-cli-"));

  constructor(config = '[[bundles]]\nname = "dags"\npath = "dags"\n') {
    writeFileSync(join(this.folder, "memodag.toml"), config);
    mkdirSync(join(this.folder, "dags"));
    for (const [path, text] of Object.entries(dagFiles)) writeFileSync(join(this.folder, "dags", path), text);
    symlinkSync(join(repository, "node_modules"), join(this.folder, "node_modules"));
  }

  /** Runs a command to its end, in this process: faster than {@link spawn}, and the same but for that. */
  async run(...args: string[]): Promise<Outcome> {
    const output = captureOutput();
    try {
      await main([...args, "--config", join(this.folder, "memodag.toml")]);
      const { stdout, stderr } = output;
      return { code: Number(process.exitCode ?? 0), stdout, stderr };
    } finally {
      process.exitCode = undefined;
      output.restore();
    }
  }

  /** Runs the real command to its end, in a process of its own. */
  async spawn(...args: string[]): Promise<Outcome> {
    return await this.spawnWith({}, ...args);
  }

  /** {@link spawn} with more in the environment. */
  async spawnWith(env: Readonly<Record<string, string>>, ...args: string[]): Promise<Outcome> {
    const options = { ...this.#options, env: { ...this.#options.env, ...env } };
    return await new Promise((resolve) => {
      const child = execFile(process.execPath, [bin, ...args], options, (_error, stdout, stderr) => {
        resolve({ code: child.exitCode, stdout, stderr });
      });
    });
  }

  /** Runs a command with `--json` to its end and reads what it printed. */
  async json<T>(...args: string[]): Promise<T> {
    const { stdout, stderr, code } = await this.run(...args, "--json");
    if (stdout === "") throw new Error(`memodag ${args.join(" ")} ended with ${code}: ${stderr}`);
    return JSON.parse(stdout) as T;
  }

  /** Starts a command that goes on. */
  start(...args: string[]): ChildProcess {
    return spawn(process.execPath, [bin, ...args], { ...this.#options, stdio: ["ignore", "pipe", "pipe"] });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  get #options() {
    // Settings of whoever runs the tests are not the project's.
    const env = Object.fromEntries(
      Object.entries(process.env).filter(
        ([name]) => !name.startsWith("MEMODAG") && name !== "FORCE_COLOR" && name !== "NO_COLOR",
      ),
    );
    return { cwd: this.folder, env };
  }
}
