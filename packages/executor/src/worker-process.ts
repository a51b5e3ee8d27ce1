// A worker process: its start, its channel, its end, and the end of everything that it started.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Clock } from "@memodag/core";
import type { AttemptCgroups } from "./attempt-cgroup.ts";
import type { Frame, FrameLimits } from "./frame.ts";
import { FrameChannel } from "./frame-channel.ts";
import type { OrphanGuard } from "./orphan-guard.ts";
import {
  killMarked,
  killProcess,
  latestProcess,
  listDescendants,
  MARK_VARIABLE,
  markValue,
} from "./process-mark.ts";
import { CHANNEL_FD, toWorkerFrame, type ToWorker } from "./protocol.ts";

/** Workers run the built bundle, even if this module is loaded from source. */
const ENTRIES = {
  main: fileURLToPath(new URL("../dist/worker-bundle/main.js", import.meta.url)),
  keys: fileURLToPath(new URL("../dist/worker-bundle/key-main.js", import.meta.url)),
};

/** Minimum time in which process ids can wrap around, in milliseconds: that takes 32,768 processes. */
const YOUNG_MS = 2_000;

/** Options of a worker process. */
export interface WorkerProcessOptions {
  /** The program: `main` runs one attempt, `keys` calls key functions. Default: `main`. */
  readonly entry?: "main" | "keys";
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Node options. */
  readonly nodeOptions: readonly string[];
  /** Receives the worker's stdout and stderr. */
  readonly logFd: number;
  readonly clock: Clock;
  readonly guard: OrphanGuard;
  readonly cgroups: AttemptCgroups;
  /** Part of the environment of everything that the worker starts; unique to the attempt. */
  readonly mark: string;
  /** Limits of the worker's messages. */
  readonly limits: FrameLimits;
  readonly listener: WorkerListener;
  /** False for a worker that waits for its attempt: see {@link WorkerProcess.begin}. Default: true. */
  readonly isBegun?: boolean;
}

/** Hears a worker. */
export interface WorkerListener {
  /** A frame with an unvalidated message. */
  onFrame(frame: Frame): void;
  /** The data received is not a frame. */
  onBroken(reason: string): void;
  /** The channel was closed, by the worker or by its end. */
  onClose(): void;
}

/** How a process ended: by exiting with a code, or by a signal. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running worker, the leader of its own process group and, if available, in its own cgroup. */
export class WorkerProcess {
  readonly pid: number;
  /** Resolves when the process has ended, its group was killed and all its messages were received. */
  readonly ended: Promise<ProcessEnd>;
  readonly #channel: FrameChannel;
  readonly #mark: string;
  readonly #cgroups: AttemptCgroups;
  #cgroup: string | undefined;
  readonly #clock: Clock;
  #listener: WorkerListener;
  /** Since when it may start processes, and the latest process before that; `null`: it runs no task code yet. */
  #begun: { readonly at: number; readonly after: number } | null;
  #hasEnded = false;

  /**
   * Resolves when it may receive its order: before that it runs no task code.
   * @throws the system's error if the process cannot be created
   */
  static async start(options: WorkerProcessOptions): Promise<WorkerProcess> {
    const child = spawn(process.execPath, [...options.nodeOptions, ENTRIES[options.entry ?? "main"]], {
      cwd: options.cwd,
      env: { ...options.env, [MARK_VARIABLE]: markValue(options.mark, process.env[MARK_VARIABLE]) },
      // In its own group: it does not receive signals of the terminal, and ends with everything that it
      // started.
      detached: true,
      stdio: ["ignore", options.logFd, options.logFd, "pipe"],
    });
    if (child.pid === undefined) {
      const [error] = (await once(child, "error")) as [Error];
      throw error;
    }
    const worker = new WorkerProcess(child, child.pid, options);
    await worker.#enclose();
    return worker;
  }

  private constructor(child: ChildProcess, pid: number, options: WorkerProcessOptions) {
    this.#clock = options.clock;
    this.#listener = options.listener;
    this.#begun = options.isBegun === false ? null : { at: options.clock.monotonic(), after: pid };
    this.pid = pid;
    this.#mark = options.mark;
    this.#cgroups = options.cgroups;
    this.#cgroup = options.cgroups.tryCreate(options.mark);
    const guarded = { group: pid, cgroup: this.#cgroup };
    options.guard.add(guarded);
    const listener = {
      onFrame: (frame: Frame) => this.#listener.onFrame(frame),
      onBroken: (reason: string) => this.#listener.onBroken(reason),
      onClose: () => {
        if (!this.#hasEnded) this.#listener.onClose();
      },
    };
    this.#channel = new FrameChannel(child.stdio[CHANNEL_FD] as Duplex, listener, options.limits);
    const ended = Promise.withResolvers<ProcessEnd>();
    this.ended = ended.promise;
    child.once("exit", (code, signal) => {
      // In the tick in which the process was reaped, so its id has not been reused yet.
      this.#killGroup();
      this.#hasEnded = true;
      this.#killRest();
      options.guard.remove(guarded);
      // All that it wrote is here, read or not. A process outside of the group may hold the channel open:
      // its end is not waited for.
      this.#channel.listen(true);
      void this.#channel.drain().then(() => {
        this.#channel.close();
        ended.resolve({ code, signal });
      });
    });
    // While a process runs, only failures to signal it arrive here; `exit` reports its end.
    child.on("error", () => undefined);
  }

  /** Tells a worker that was started ahead from whom it hears now. It may run task code from here on. */
  begin(listener: WorkerListener): void {
    this.#listener = listener;
    this.#begun ??= { at: this.#clock.monotonic(), after: latestProcess() };
  }

  /**
   * `onSent` is called when the worker's system has received all of it, or never. @throws RangeError if
   * it is too long
   */
  send(message: ToWorker, onSent?: () => void): void {
    this.sendFrame(toWorkerFrame(message), onSent);
  }

  /** The same for a frame. */
  sendFrame(frame: Frame, onSent?: () => void): void {
    // Writing to a process that is gone breaks the channel, and what was not read from it yet is lost.
    if (!this.#hasEnded) this.#channel.send(frame, onSent);
  }

  /** Pauses or resumes reading from the worker. */
  listen(isListening: boolean): void {
    if (!this.#hasEnded) this.#channel.listen(isListening);
  }

  /** Resolves when everything was received that the worker had sent before the call. */
  async drain(): Promise<void> {
    await this.#channel.drain();
  }

  /** Closes the channel, when everything that it was for has been received. */
  hangUp(): void {
    this.#channel.close();
  }

  /** Kills the process and everything that it started. */
  kill(): void {
    if (this.#hasEnded) return;
    // Processes with a cleared environment are found while their parents are alive.
    const descendants = this.#cgroup === undefined && this.#begun ? listDescendants(this.pid) : [];
    this.#killGroup();
    for (const pid of descendants) killProcess(pid);
    // The rest is killed when the process has ended, so that it cannot start more.
    if (this.#cgroup !== undefined) this.#cgroups.kill(this.#cgroup);
  }

  async #enclose(): Promise<void> {
    if (this.#cgroup !== undefined && !(await this.#cgroups.tryEnclose(this.#cgroup, this.pid)))
      this.#cgroup = undefined;
  }

  #killGroup(): void {
    try {
      process.kill(-this.pid, "SIGKILL");
    } catch {
      // No process is left in the group.
    }
  }

  /** Kills processes in other sessions. */
  #killRest(): void {
    if (this.#cgroup === undefined) {
      if (!this.#begun) return;
      const isYoung = this.#clock.monotonic() - this.#begun.at < YOUNG_MS;
      killMarked(this.#mark, isYoung ? this.#begun.after : undefined);
      return;
    }
    this.#cgroups.kill(this.#cgroup);
    this.#cgroups.release(this.#cgroup);
  }
}

/** The process of one attempt, as far as the attempt goes. */
export type AttemptProcess = Pick<
  WorkerProcess,
  "pid" | "ended" | "send" | "listen" | "drain" | "hangUp" | "kill"
>;
