// One worker process: its start, its channel, its end, and the end of everything it started.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Clock } from "@memodag/core";
import type { AttemptCgroups } from "./attempt-cgroup.ts";
import type { Frame, FrameLimits } from "./frame.ts";
import { FrameChannel } from "./frame-channel.ts";
import type { OrphanGuard } from "./orphan-guard.ts";
import { killMarked, killProcess, listDescendants, MARK_VARIABLE, markValue } from "./process-mark.ts";
import { CHANNEL_FD, toWorkerFrame, type ToWorker } from "./protocol.ts";

/** Workers run the bundle that the build made, also when this module is read from its source. */
const WORKER_ENTRY = fileURLToPath(new URL("../dist/worker-bundle/main.js", import.meta.url));

/** How long the last words of a process that has ended may be on their way, in milliseconds. */
const LAST_WORDS_MS = 1_000;

/** Process numbers do not go round in less, in milliseconds: that takes 32,768 processes. */
const YOUNG_MS = 2_000;

/** What a worker process needs. */
export interface WorkerProcessOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Options of Node. */
  readonly nodeOptions: readonly string[];
  /** Takes the worker's stdout and stderr. */
  readonly logFd: number;
  readonly clock: Clock;
  readonly guard: OrphanGuard;
  readonly cgroups: AttemptCgroups;
  /** In the environment of all that the worker starts; no other attempt's. */
  readonly mark: string;
  /** Of what the worker may say. */
  readonly limits: FrameLimits;
  /** A frame with a message of any shape. */
  onFrame(frame: Frame): void;
  /** What came is no frame. */
  onBroken(reason: string): void;
  /** The channel was closed, by the worker or by its end. */
  onClose(): void;
}

/** How a process ended: by itself with a code, or by a signal. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running worker, leader of a process group of its own and, where there are some, alone in its cgroup. */
export class WorkerProcess {
  readonly pid: number;
  /** Resolves when the process is gone, its group was killed and all it said was heard. */
  readonly ended: Promise<ProcessEnd>;
  readonly #channel: FrameChannel;
  readonly #mark: string;
  readonly #cgroups: AttemptCgroups;
  readonly #cgroup: string | undefined;
  #hasEnded = false;

  /** @throws what the system says when no process can be made. */
  static async start(options: WorkerProcessOptions): Promise<WorkerProcess> {
    const child = spawn(process.execPath, [...options.nodeOptions, WORKER_ENTRY], {
      cwd: options.cwd,
      env: { ...options.env, [MARK_VARIABLE]: markValue(options.mark, process.env[MARK_VARIABLE]) },
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
    const startedAt = options.clock.monotonic();
    this.pid = pid;
    this.#mark = options.mark;
    this.#cgroups = options.cgroups;
    // It runs nothing of its task's before it was told what.
    this.#cgroup = options.cgroups.tryEnclose(options.mark, pid);
    const guarded = { group: pid, cgroup: this.#cgroup };
    options.guard.add(guarded);
    const closed = Promise.withResolvers<void>();
    const listener = {
      onFrame: options.onFrame,
      onBroken: options.onBroken,
      onClose: () => {
        closed.resolve();
        if (!this.#hasEnded) options.onClose();
      },
    };
    this.#channel = new FrameChannel(child.stdio[CHANNEL_FD] as Duplex, listener, options.limits);
    const ended = Promise.withResolvers<ProcessEnd>();
    this.ended = ended.promise;
    child.once("exit", (code, signal) => {
      // In the tick in which the process was reaped: its number is not another's yet.
      this.#killGroup();
      this.#hasEnded = true;
      this.#killRest(options.clock.monotonic() - startedAt < YOUNG_MS);
      options.guard.remove(guarded);
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

  /** `onSent` is called when the worker's system has all of it, or never. @throws RangeError when it is too long. */
  send(message: ToWorker, onSent?: () => void): void {
    this.#channel.send(toWorkerFrame(message), onSent);
  }

  /** Hears nothing more of the worker, or hears on. */
  listen(isListening: boolean): void {
    this.#channel.listen(isListening);
  }

  /** Kills the process and all that it started. */
  kill(): void {
    if (this.#hasEnded) return;
    // Those that cleared their environment are found as long as their parents live.
    const descendants = this.#cgroup === undefined ? listDescendants(this.pid) : [];
    this.#killGroup();
    for (const pid of descendants) killProcess(pid);
    // What is left is killed when the process has ended, so that it cannot start more of it.
    if (this.#cgroup !== undefined) this.#cgroups.kill(this.#cgroup);
  }

  #killGroup(): void {
    try {
      process.kill(-this.pid, "SIGKILL");
    } catch {
      // No process is left in the group.
    }
  }

  /** Kills what took a session of its own. */
  #killRest(isYoung: boolean): void {
    if (this.#cgroup === undefined) {
      killMarked(this.#mark, isYoung ? this.pid : undefined);
      return;
    }
    this.#cgroups.kill(this.#cgroup);
    this.#cgroups.release(this.#cgroup);
  }
}
