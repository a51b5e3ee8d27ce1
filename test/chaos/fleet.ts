// Schedulers as real processes, and what is done to them. Linux only: workers are found in /proc.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Random } from "./random.ts";

const bin = fileURLToPath(new URL("../../packages/memodag/bin/memodag.js", import.meta.url));

/** What may be done to a scheduler or to one of its workers. */
const HARMS = ["kill scheduler", "kill worker", "kill worker", "stop scheduler", "drain scheduler"] as const;

type Harm = (typeof HARMS)[number];

/** Some schedulers of one project. */
export class Fleet {
  /** How often each harm was done. */
  readonly harms: Partial<Record<Harm, number>> = {};
  readonly #folder: string;
  readonly #leaseMs: number;
  readonly #schedulers = new Set<ChildProcess>();
  readonly #errors: string[] = [];

  /** `leaseMs`: how long a lease of theirs lasts. */
  constructor(folder: string, leaseMs: number) {
    this.#folder = folder;
    this.#leaseMs = leaseMs;
  }

  /** Starts a scheduler and does not wait for it. */
  add(): void {
    const child = this.start("scheduler");
    this.#schedulers.add(child);
    child.once("exit", () => this.#schedulers.delete(child));
  }

  /** Starts a command of the project. */
  start(...args: string[]): ChildProcess {
    // Settings of whoever runs the tests are not the project's.
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !name.startsWith("MEMODAG")),
    );
    const child = spawn(process.execPath, [bin, ...args], {
      cwd: this.#folder,
      env: { ...env, PWD: this.#folder },
      stdio: ["ignore", "ignore", "pipe"],
    });
    child.stderr?.on("data", (chunk: Buffer) => this.#errors.push(chunk.toString()));
    return child;
  }

  /** The last lines that the processes wrote. */
  get lastWords(): string {
    return this.#errors.join("").split("\n").slice(-60).join("\n");
  }

  /** Does something to one of them, and has as many as before run in the end. */
  async harm(random: Random): Promise<void> {
    const scheduler = random.pick([...this.#schedulers]);
    const harm = random.pick(HARMS);
    this.harms[harm] = (this.harms[harm] ?? 0) + 1;
    switch (harm) {
      case "kill scheduler":
        await end(scheduler, "SIGKILL");
        this.add();
        return;
      case "drain scheduler":
        await this.#drain(scheduler);
        this.add();
        return;
      case "stop scheduler":
        // Longer than its lease lasts: another one takes its runs over, and it wakes up believing in them.
        scheduler.kill("SIGSTOP");
        await sleep(1.5 * this.#leaseMs);
        scheduler.kill("SIGCONT");
        return;
      case "kill worker": {
        const workers = this.#workers();
        if (workers.length > 0) kill(random.pick(workers));
      }
    }
  }

  /** Ends all of them well. */
  async drain(): Promise<void> {
    await Promise.all(Array.from(this.#schedulers, (scheduler) => this.#drain(scheduler)));
  }

  /** Ends whatever is left. */
  kill(): void {
    for (const scheduler of this.#schedulers) scheduler.kill("SIGKILL");
    for (const worker of this.#workers()) kill(worker);
  }

  /** Resolves when no worker of the project is left; each ends by itself. */
  async workersGone(): Promise<void> {
    while (this.#workers().length > 0) await sleep(20);
  }

  async #drain(scheduler: ChildProcess): Promise<void> {
    // Before it listens for signals, one ends it as it ends any process.
    const code = await end(scheduler, "SIGTERM");
    if (code !== 0 && code !== null) throw new Error(`a drained scheduler ended with ${code}`);
  }

  /** Workers have their environment from their scheduler, which has its folder in it. */
  #workers(): number[] {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => {
        try {
          const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
          const where = readFileSync(`/proc/${pid}/environ`, "utf8");
          return command.includes("worker-bundle/main.js") && where.includes(`PWD=${this.#folder}`);
        } catch {
          return false;
        }
      })
      .map(Number);
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
  return child.exitCode;
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has just ended by itself.
  }
}
