// Processes that do nothing, as floors of attempts.

import { fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { fileURLToPath } from "node:url";

/** Without an executor on its channel, a worker loads everything it needs and exits. */
const WORKER = fileURLToPath(import.meta.resolve("@memodag/executor/worker"));

/**
 * A Node process that reports that it is ready, receives an answer, and exits: the minimum for a worker.
 */
const BARE_WORKER = `process.once("message", () => process.send("done", () => process.exit(0)));`;

/** Forks processes from a start to an end. */
export class Forks {
  readonly #bare: string;

  /** `folder` gets the code of a bare process. */
  constructor(folder: string) {
    this.#bare = join(folder, "bare.cjs");
    writeFileSync(this.#bare, BARE_WORKER);
  }

  /** Node alone. */
  async bare(): Promise<void> {
    const child = fork(this.#bare);
    const answer = once(child, "message");
    child.send("go");
    await answer;
    await once(child, "exit");
  }

  /** A worker without an attempt. */
  async worker(): Promise<void> {
    const child = fork(WORKER, { stdio: ["ignore", "ignore", "ignore", "pipe", "ipc"] });
    (child.stdio[3] as Writable).end();
    await once(child, "exit");
  }
}

/** Milliseconds that `work` takes, so many times in turn. */
export async function inTurn(times: number, work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  for (let index = 0; index < times; index += 1) await work();
  return performance.now() - startedAt;
}
