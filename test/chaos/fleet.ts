// Schedulers as real processes, and what is done to them and their database.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { listTasksOf, signal } from "./processes.ts";
import type { Random } from "./random.ts";

const bin = fileURLToPath(new URL("../../packages/memodag/bin/memodag.js", import.meta.url));

/** What may be done to a scheduler or to one of its workers. */
const HARMS = ["kill scheduler", "kill worker", "kill worker", "stop scheduler", "drain scheduler"] as const;

type Harm = (typeof HARMS)[number] | "crash database" | "restart scheduler";

/** A database server that can be ended as a power cut would. */
export interface Crashing {
  crash(): Promise<void>;
  /** Resolves when it takes connections again. */
  start(): Promise<void>;
}

/** For how long a crashed database stays away, in milliseconds. */
const AWAY_MS = 300;

/** Some schedulers of one project. */
export class Fleet {
  /** How often each harm was done. */
  readonly harms: Partial<Record<Harm, number>> = {};
  readonly #folder: string;
  readonly #leaseMs: number;
  readonly #database: Crashing | undefined;
  readonly #schedulers = new Set<ChildProcess>();
  readonly #errors: string[] = [];

  /** `leaseMs`: how long a lease of theirs lasts. `database`: may be crashed. */
  constructor(folder: string, leaseMs: number, database?: Crashing) {
    this.#folder = folder;
    this.#leaseMs = leaseMs;
    this.#database = database;
  }

  /** Starts a scheduler and does not wait for it. */
  add(): void {
    const child = this.start("scheduler");
    this.#schedulers.add(child);
    child.once("exit", () => {
      // One that began while the database was away has given up; whoever supervises it starts it again.
      if (this.#schedulers.delete(child)) {
        this.#count("restart scheduler");
        this.add();
      }
    });
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
    const harm = random.pick(this.#database ? [...HARMS, "crash database" as const] : HARMS);
    this.#count(harm);
    switch (harm) {
      case "crash database":
        await this.#database?.crash();
        await sleep(AWAY_MS);
        await this.#database?.start();
        return;
      case "kill scheduler":
        await this.#end(scheduler, "SIGKILL");
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
        const workers = listTasksOf(this.#folder);
        if (workers.length > 0) signal(random.pick(workers), "SIGKILL");
      }
    }
  }

  /** Ends all of them well. */
  async drain(): Promise<void> {
    await Promise.all(Array.from(this.#schedulers, (scheduler) => this.#drain(scheduler)));
  }

  /** Ends whatever is left. */
  kill(): void {
    for (const scheduler of this.#schedulers) void this.#end(scheduler, "SIGKILL");
    for (const worker of listTasksOf(this.#folder)) signal(worker, "SIGKILL");
  }

  /** Resolves when no worker of the project is left; each ends by itself. */
  async workersGone(): Promise<void> {
    while (listTasksOf(this.#folder).length > 0) await sleep(20);
  }

  async #drain(scheduler: ChildProcess): Promise<void> {
    // Before it listens for signals, one ends it as it ends any process.
    const code = await this.#end(scheduler, "SIGTERM");
    const hasNotBegun = code === 2 && this.harms["crash database"] !== undefined;
    if (code !== 0 && code !== null && !hasNotBegun)
      throw new Error(`a drained scheduler ended with ${code}`);
  }

  async #end(scheduler: ChildProcess, name: NodeJS.Signals): Promise<number | null> {
    // Meant to end: it is not started again for it.
    this.#schedulers.delete(scheduler);
    return await end(scheduler, name);
  }

  #count(harm: Harm): void {
    this.harms[harm] = (this.harms[harm] ?? 0) + 1;
  }
}

async function end(child: ChildProcess, name: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exit = once(child, "exit");
  child.kill(name);
  await exit;
  return child.exitCode;
}
