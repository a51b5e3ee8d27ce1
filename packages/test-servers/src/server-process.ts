// A server as a process of its own, gone with the tests even when they are killed.

import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import type { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";

const START_MS = 60_000;
const PAUSE_MS = 50;
const LAST_CHARACTERS = 4_000;

/** A started server. */
export interface RunningServer {
  readonly pid: number;
  stop(): Promise<void>;
}

/**
 * Starts a program and waits until it is ready.
 * @param isReady asked again and again until it is true; a rejection counts as not yet
 * @throws Error with the end of the program's output when it ends or does not get ready
 */
export async function startServer(
  program: string,
  args: readonly string[],
  isReady: () => Promise<boolean>,
): Promise<RunningServer> {
  const [first = "", ...rest] = [...dieWithParent(), program, ...args];
  const server = spawn(first, rest, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [server.stdout, server.stderr] as Readable[]) {
    stream.on("data", (chunk: Buffer) => {
      output = `${output}${chunk.toString()}`.slice(-LAST_CHARACTERS);
    });
  }
  const failed = new Promise<never>((_, reject) => {
    server.once("error", reject);
    server.once("exit", () => reject(new Error(`${program} did not start:\n${output}`)));
  });
  failed.catch(() => undefined);
  const deadline = performance.now() + START_MS;
  while (!(await Promise.race([isReady().catch(() => false), failed]))) {
    if (performance.now() > deadline) {
      server.kill("SIGKILL");
      throw new Error(`${program} was not ready after ${START_MS} ms:\n${output}`);
    }
    await pause(PAUSE_MS);
  }
  return { pid: server.pid ?? 0, stop: () => end(server) };
}

/** Ports that are free now, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map(async (server) => await once(server.close(), "close")));
  return ports;
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, "exit");
  // Its data does not outlive the tests.
  server.kill("SIGKILL");
  await ended;
}

/** The words before a program that make Linux end it when its parent ends; elsewhere there is nothing alike. */
export function dieWithParent(): string[] {
  const words = ["setpriv", "--pdeathsig", "KILL"];
  return spawnSync("setpriv", [...words.slice(1), "true"]).status === 0 ? words : [];
}
