// Schedulers and worker hosts as real processes, with a network between them and their Redis, and what is done to them.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openDispatchEngine } from "@memodag/bullmq";
import { messageOf, silentLogger, systemClock } from "@memodag/core";
import { CuttingProxy, freePorts, type RedisServer } from "@memodag/test-servers";
import type { ChaosDatabase } from "../chaos-database.ts";
import { listTasksBelow, listTasksOf, signal } from "../processes.ts";
import { describeFault, type Fault } from "./faults.ts";
import type { Pause } from "./judge.ts";
import { listRecentAttempts } from "./journal.ts";
import { Member, runCommand } from "./member.ts";

const PLANT = new URL("plant.ts", import.meta.url).href;

/** Attempts of which a restored Redis knows. */
const REPEATED = 30;
/** The longest time for which a server is away, in milliseconds: everyone waits for it. */
const LONGEST_AWAY_MS = 4_000;

/** Parts and sizes of a fleet. */
export interface FleetOptions {
  /** A project with a config. */
  readonly folder: string;
  readonly prefix: string;
  readonly database: Pick<ChaosDatabase, "url" | "server">;
  readonly redis: RedisServer;
  readonly hosts: number;
  readonly schedulers: number;
  /** What `plant.ts` breaks in schedulers. */
  readonly plant?: string;
}

/** A fleet that runs. */
export class WorkerFleet {
  readonly pauses: Pause[] = [];
  /** What was done, in words, and when. */
  readonly timeline: string[] = [];
  /** When each fault began, in milliseconds since the Unix epoch. */
  readonly begun: { readonly fault: Fault; readonly at: number }[] = [];
  readonly #options: FleetOptions;
  readonly #startedAt = Date.now();
  readonly #schedulers: Member[] = [];
  readonly #hosts: Member[] = [];
  /** From a scheduler to Redis; from a host to Redis; from a host to the API of each scheduler. */
  readonly #networks = {
    scheduler: [] as CuttingProxy[],
    host: [] as CuttingProxy[],
    api: [] as CuttingProxy[][],
  };
  /** The last fault of each part: what is done to one thing is done one after the other. */
  readonly #lasting = new Map<string, Promise<void>>();
  #failure: unknown;

  private constructor(options: FleetOptions) {
    this.#options = options;
  }

  static async start(options: FleetOptions): Promise<WorkerFleet> {
    const fleet = new WorkerFleet(options);
    await fleet.#makeToken();
    const ports = await freePorts(options.schedulers);
    for (const [index, port] of ports.entries()) await fleet.#addScheduler(index, port);
    for (let index = 0; index < options.hosts; index += 1) await fleet.#addHost(index, ports);
    return fleet;
  }

  /** How often a process was started again. */
  get restarts(): number {
    return [...this.#schedulers, ...this.#hosts].reduce((sum, { restarts }) => sum + restarts, 0);
  }

  /** Has a fault begin; it goes on while others begin. */
  begin(fault: Fault): void {
    const part = this.#partOf(fault);
    const before = this.#lasting.get(part) ?? Promise.resolve();
    const lasting = before.then(async () => {
      this.begun.push({ fault, at: Date.now() });
      this.#note(describeFault(fault));
      await this.#perform(fault);
    });
    this.#lasting.set(
      part,
      lasting.catch((error: unknown) => {
        this.#note(`${fault.kind} failed: ${messageOf(error)}`);
        this.#failure ??= error;
      }),
    );
  }

  /** Resolves when all faults are over. @throws what kept one from being done */
  async calm(): Promise<void> {
    await Promise.all(this.#lasting.values());
    this.#note("no faults any more");
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Ends all processes. */
  async stop(): Promise<void> {
    await Promise.all([...this.#hosts, ...this.#schedulers].map((member) => member.close()));
    const networks = [this.#networks.scheduler, this.#networks.host, ...this.#networks.api].flat();
    await Promise.all(networks.map((network) => network.stop()));
    while (listTasksOf(this.#options.folder).length > 0) await sleep(20);
  }

  async #makeToken(): Promise<void> {
    const { folder } = this.#options;
    const token = await runCommand({ folder, args: ["workers", "token", "--name", "all"], env: {} });
    writeFileSync(join(folder, "token"), token);
  }

  async #addScheduler(index: number, port: number): Promise<void> {
    const { folder, redis, plant } = this.#options;
    const network = await CuttingProxy.start(redis.port);
    this.#networks.scheduler.push(network);
    const own = {
      MEMODAG__WORKER_API__LISTEN: `127.0.0.1:${port}`,
      MEMODAG__EXECUTOR__URL: `redis://127.0.0.1:${network.port}`,
      MEMODAG__CORE__STATE_DIR: join(folder, `state of s${index}`),
      ...(plant !== undefined && { NODE_OPTIONS: `--import=${PLANT}`, CHAOS_PLANT: plant }),
    };
    const args = ["scheduler", "--json"];
    this.#schedulers.push(new Member({ name: `s${index}`, folder, args, env: own }));
  }

  async #addHost(index: number, ports: readonly number[]): Promise<void> {
    const { folder, redis, prefix } = this.#options;
    const name = `w${index}`;
    const queue = await CuttingProxy.start(redis.port);
    const apis = await Promise.all(ports.map((port) => CuttingProxy.start(port)));
    this.#networks.host.push(queue);
    this.#networks.api.push(apis);
    writeFileSync(
      join(folder, `${name}.toml`),
      `[core]
executor = "bullmq"
state_dir = "hosts/${name}"
[executor]
url = "redis://127.0.0.1:${queue.port}"
prefix = "${prefix}"
[worker]
api = "${apis.map(({ port }) => `http://127.0.0.1:${port}`).join(" ")}"
token_file = "token"
concurrency = 3
shutdown_grace = "2s"
[[bundles]]
name = "dags"
path = "dags"
`,
    );
    const args = ["worker", "--json", "--name", name, "--config", join(folder, `${name}.toml`)];
    this.#hosts.push(new Member({ name, folder, args, env: {} }));
  }

  #partOf({ kind, host, scheduler }: Fault): string {
    switch (kind) {
      case "kill host":
      case "stop host":
      case "pause machine":
      case "drain host":
        return `host ${host}`;
      case "kill scheduler":
      case "stop scheduler":
      case "drain scheduler":
        return `scheduler ${scheduler}`;
      case "cut host from API":
      case "cut host from Redis":
        return `${kind} ${host}`;
      case "cut scheduler from Redis":
        return `${kind} ${scheduler}`;
      case "restart Redis":
      case "flush Redis":
      case "repeat attempts":
        return "Redis";
      case "kill task":
      case "crash PostgreSQL":
        return kind;
    }
  }

  async #perform(fault: Fault): Promise<void> {
    const { database, redis } = this.#options;
    const host = this.#hosts[fault.host]!;
    const scheduler = this.#schedulers[fault.scheduler]!;
    const awayMs = Math.min(fault.ms, LONGEST_AWAY_MS);
    switch (fault.kind) {
      case "kill task": {
        const tasks = listTasksBelow(host.pid);
        const task = tasks[fault.ms % Math.max(1, tasks.length)];
        if (task !== undefined) signal(task, "SIGKILL");
        return;
      }
      case "kill host":
        return await host.end("SIGKILL");
      case "stop host":
        return await this.#pause(host, [], fault.ms);
      case "pause machine":
        return await this.#pause(host, listTasksBelow(host.pid), fault.ms);
      case "drain host":
        return await host.end("SIGTERM");
      case "cut host from API":
        return await cut(this.#networks.api[fault.host]!, fault);
      case "cut host from Redis":
        return await cut([this.#networks.host[fault.host]!], fault);
      case "kill scheduler":
        return await scheduler.end("SIGKILL");
      case "stop scheduler":
        return await this.#pause(scheduler, [], fault.ms);
      case "drain scheduler":
        return await scheduler.end("SIGTERM");
      case "cut scheduler from Redis":
        return await cut([this.#networks.scheduler[fault.scheduler]!], fault);
      case "restart Redis":
        await redis.stop();
        await sleep(awayMs);
        return await redis.startAgain();
      case "flush Redis":
        await redis.command("FLUSHALL");
        return;
      case "repeat attempts":
        return await this.#repeatAttempts();
      case "crash PostgreSQL":
        await database.server?.crash();
        await sleep(awayMs);
        await database.server?.start();
    }
  }

  async #pause({ name, pid }: Member, tasks: readonly number[], ms: number): Promise<void> {
    const from = Date.now();
    for (const one of [pid, ...tasks]) signal(one, "SIGSTOP");
    await sleep(ms);
    for (const one of [pid, ...tasks]) signal(one, "SIGCONT");
    this.pauses.push({ host: name, from, to: Date.now() });
  }

  /** Redis is as it was in a backup: it offers attempts that have started or ended since. */
  async #repeatAttempts(): Promise<void> {
    const { database, redis, prefix, folder } = this.#options;
    // While PostgreSQL is away, no one can tell which ones there were.
    const ids = await listRecentAttempts(database.url, REPEATED).catch(() => []);
    const options = { url: redis.url, prefix, options: "", projectDir: folder };
    const engine = await openDispatchEngine({ ...options, clock: systemClock, log: silentLogger });
    const rest = { queue: "default", priority: 1, team: "default", dagId: "", taskId: "" };
    await redis.command("FLUSHALL");
    await engine.publish(ids.map((attemptId) => ({ attemptId, ...rest })));
    await engine.close();
  }

  #note(what: string): void {
    this.timeline.push(`${((Date.now() - this.#startedAt) / 1_000).toFixed(1)} s: ${what}`);
  }
}

async function cut(networks: readonly CuttingProxy[], { cut: how, ms }: Fault): Promise<void> {
  for (const network of networks) network.cut(how);
  await sleep(ms);
  for (const network of networks) network.heal();
}
