// A PostgreSQL server for tests: real, private to its run, and gone with it, even when that is killed.

import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { findPostgresBinaries, type PostgresBinaries } from "./binaries.ts";
import { giveFolder, reachableBinaries, serverAccount, type ServerAccount } from "./server-account.ts";
import { makeServerFolder, removeStaleFolders } from "./server-folders.ts";

/** Durability is of no use here: the data does not outlive the run. */
const SETTINGS = {
  listen_addresses: "",
  max_connections: "200",
  fsync: "off",
  full_page_writes: "off",
  shared_buffers: "64MB",
} as const;

const READY = "database system is ready to accept connections";
const LAST_LINES = 20;

/** A server that listens on a Unix socket in its own folder. */
export class PostgresServer {
  readonly #folder: string;
  readonly #binaries: PostgresBinaries;
  readonly #account: ServerAccount;
  #process: ChildProcess | undefined;

  private constructor(folder: string, binaries: PostgresBinaries, account: ServerAccount) {
    this.#folder = folder;
    this.#binaries = binaries;
    this.#account = account;
  }

  /** Makes a server with empty data and starts it. */
  static async create(): Promise<PostgresServer> {
    removeStaleFolders(Date.now());
    const account = serverAccount();
    const folder = makeServerFolder();
    giveFolder(folder, account);
    const binaries = reachableBinaries(await findPostgresBinaries(), account, folder);
    const server = new PostgresServer(folder, binaries, account);
    server.#initialize();
    await server.start();
    return server;
  }

  /** The url of one of its databases. */
  url(database: string): string {
    return `postgres://postgres@localhost/${database}?host=${encodeURIComponent(this.#folder)}`;
  }

  /** The server's process id; undefined while it is stopped. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Starts it again after {@link crash} or {@link kill}; resolves when it takes connections. */
  async start(): Promise<void> {
    const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const command = [this.#binaries.postgres, "-D", this.#data, "-k", this.#folder, ...settings];
    const [program = "", ...args] = [...dieWithParent(), ...command];
    const server = spawn(program, args, {
      ...this.#account,
      cwd: this.#folder,
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#process = server;
    await isReady(server);
    // The server must not keep alive who started it.
    server.unref();
    (server.stderr as Socket).unref();
  }

  /** Ends it as a power cut would, and keeps its data. */
  async crash(): Promise<void> {
    await this.#end("SIGQUIT");
  }

  /**
   * Ends its first process with `kill -9`, and keeps its data. The others find out by themselves; until they
   * have, starting it again fails.
   */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Ends it and removes its data. */
  async stop(): Promise<void> {
    await this.#end("SIGINT");
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #data(): string {
    return join(this.#folder, "data");
  }

  #initialize(): void {
    const flags = ["--username=postgres", "--auth=trust", "--locale=C", "--encoding=UTF8", "--no-sync"];
    const made = spawnSync(this.#binaries.initdb, [`--pgdata=${this.#data}`, ...flags], {
      ...this.#account,
      cwd: this.#folder,
      encoding: "utf8",
    });
    if (made.status === 0) return;
    throw new Error(`initdb failed: ${made.error?.message ?? ""}${made.stdout}${made.stderr}`);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const server = this.#process;
    this.#process = undefined;
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, "exit");
    server.ref();
    server.kill(signal);
    await ended;
  }
}

/**
 * The words before a command that make Linux end it when its parent ends in whatever way, `kill -9`
 * included. Elsewhere there is nothing alike.
 */
function dieWithParent(): string[] {
  const words = ["setpriv", "--pdeathsig", "QUIT"];
  return spawnSync("setpriv", [...words.slice(1), "true"]).status === 0 ? words : [];
}

async function isReady(server: ChildProcess): Promise<void> {
  const lines: string[] = [];
  const output = createInterface({ input: server.stderr as NodeJS.ReadableStream });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.once("exit", () => reject(new Error(`PostgreSQL did not start:\n${lines.join("\n")}`)));
    output.on("line", (line) => {
      lines.push(line);
      if (lines.length > LAST_LINES) lines.shift();
      if (line.includes(READY)) resolve();
    });
  });
}
