// One worker process: its start, its channel, its end, and the end of everything it started.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Clock } from "@memodag/core";
import type { Frame } from "./frame.ts";
import { FrameChannel } from "./frame-channel.ts";
import type { OrphanGuard } from "./orphan-guard.ts";
import { CHANNEL_FD, toWorkerFrame, type ToWorker } from "./protocol.ts";

/** Workers run the bundle that the build made, also when this module is read from its source. */
const WORKER_ENTRY = fileURLToPath(new URL("../dist/worker-bundle/main.js", import.meta.url));

/** How long the last words of a process that has ended may be on their way, in milliseconds. */
const LAST_WORDS_MS = 1_000;

/** What a worker process needs. */
export interface WorkerProcessOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Takes the worker's stdout and stderr. */
  readonly logFd: number;
  readonly clock: Clock;
  readonly guard: OrphanGuard;
  /** A frame with a message of any shape. */
  onFrame(frame: Frame): void;
  /** What came is no frame. */
  onBroken(reason: string): void;
}

/** How a process ended: by itself with a code, or by a signal. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running worker, leader of a process group of its own. */
export class WorkerProcess {
  readonly pid: number;
  /** Resolves when the process is gone, its group was killed and all it said was heard. */
  readonly ended: Promise<ProcessEnd>;
  readonly #channel: FrameChannel;
  #hasEnded = false;

  /** @throws what the system says when no process can be made. */
  static async start(options: WorkerProcessOptions): Promise<WorkerProcess> {
    const child = spawn(process.execPath, [WORKER_ENTRY], {
      cwd: options.cwd,
      env: options.env,
      // A group of its own: signals of the terminal do not reach it, and it ends with all it started.
      detached: true,
      stdio: ["ignore", options.logFd, options.logFd, "pipe"],
    });
    if (child.pid === undefined) {
      const [error] = (await once(child, "error")) as [Error];
      throw error;
    }
    return new WorkerProcess(child, child.pid, options);
  }

  private constructor(child: ChildProcess, pid: number, options: WorkerProcessOptions) {
    this.pid = pid;
    options.guard.add(pid);
    const closed = Promise.withResolvers<void>();
    this.#channel = new FrameChannel(child.stdio[CHANNEL_FD] as Duplex, {
      onFrame: options.onFrame,
      onBroken: options.onBroken,
      onClose: closed.resolve,
    });
    const ended = Promise.withResolvers<ProcessEnd>();
    this.ended = ended.promise;
    child.once("exit", (code, signal) => {
      // In the tick in which the process was reaped: its number is not another's yet.
      this.kill();
      this.#hasEnded = true;
      options.guard.remove(pid);
      // Someone outside the group may hold the channel open; nobody waits for that.
      const giveUp = options.clock.after(LAST_WORDS_MS, closed.resolve);
      void closed.promise.then(() => {
        giveUp();
        this.#channel.close();
        ended.resolve({ code, signal });
      });
    });
    // Of a process that runs, only failures to signal it arrive here; `exit` says what became of it.
    child.on("error", () => undefined);
  }

  /** @throws RangeError when the message is too long. */
  send(message: ToWorker): void {
    this.#channel.send(toWorkerFrame(message));
  }

  /** Kills the process and all that it started. */
  kill(): void {
    if (this.#hasEnded) return;
    try {
      process.kill(-this.pid, "SIGKILL");
    } catch {
      // Nobody is left in the group.
    }
  }
}
