// One warm process that calls the key functions of one artifact.

import { openSync, closeSync } from "node:fs";
import { devNull } from "node:os";
import type { Clock, KeyAnswer, LoadedPackage } from "@memodag/core";
import type { AttemptCgroups } from "./attempt-cgroup.ts";
import { MAX_FRAME_BYTES } from "./frame.ts";
import { fromAnswersFrame, toAskFrame, type AskKeys } from "./key-protocol.ts";
import type { OrphanGuard } from "./orphan-guard.ts";
import { WorkerProcess } from "./worker-process.ts";

/** The start of a process. */
export interface KeyProcessOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly nodeOptions: readonly string[];
  readonly clock: Clock;
  readonly guard: OrphanGuard;
  readonly cgroups: AttemptCgroups;
  /** Unique to the process on this machine. */
  readonly mark: string;
}

/** The outcome of an order. */
export interface Asked {
  /** By the index of the question; those without an answer are missing. */
  readonly answers: ReadonlyMap<number, KeyAnswer>;
  /** `ended`: the process has ended, or was killed because it did not keep to the protocol. */
  readonly end: { readonly kind: "answered" | "late" } | { readonly kind: "ended"; readonly what: string };
}

/** Bytes of a message of the process: answers of up to 64 KiB each. */
const MAX_MESSAGE_BYTES = 256 * 2 ** 20;

/** A process. It answers one order at a time. */
export class KeyProcess {
  /** In milliseconds since the Unix epoch. */
  readonly spawnedAt: number;
  packages: readonly LoadedPackage[] = [];
  readonly #clock: Clock;
  #worker: WorkerProcess | undefined;
  #take: (answers: readonly (readonly [number, KeyAnswer])[], id: number) => void = () => undefined;
  #onEnd: (what: string) => void = () => undefined;
  #endedBy: string | undefined;

  private constructor(clock: Clock) {
    this.#clock = clock;
    this.spawnedAt = clock.now();
  }

  /** @throws the system's error if the process cannot be created */
  static async start(options: KeyProcessOptions): Promise<KeyProcess> {
    const started = new KeyProcess(options.clock);
    // Output of key functions belongs to no attempt, and is discarded.
    const logFd = openSync(devNull, "w");
    try {
      started.#worker = await WorkerProcess.start({
        ...options,
        entry: "keys",
        logFd,
        limits: { frameBytes: MAX_FRAME_BYTES, jsonBytes: MAX_MESSAGE_BYTES, blobBytes: 0 },
        listener: {
          onFrame: (frame) => {
            const said = fromAnswersFrame(frame);
            if (!said) return started.#fail("it sent something else than answers");
            started.packages = said.packages ?? started.packages;
            started.#take(said.answers, said.id);
          },
          onBroken: (reason) => started.#fail(`it wrote to the channel of memodag (${reason})`),
          // Its end says more than that its channel is closed.
          onClose: () => started.kill(),
        },
      });
    } finally {
      closeSync(logFd);
    }
    void started.#worker.ended.then(({ code, signal }) => {
      started.#end(signal ? `it was ended by ${signal}` : `it exited with code ${code}`);
    });
    return started;
  }

  /** False once it has ended. */
  get isAlive(): boolean {
    return this.#endedBy === undefined;
  }

  /** Asks, and waits for all answers, for `timeoutMs` milliseconds, or for the end of the process. Kills it if it is late. */
  async ask(order: AskKeys, timeoutMs: number): Promise<Asked> {
    const answers = new Map<number, KeyAnswer>();
    if (this.#endedBy !== undefined) return { answers, end: { kind: "ended", what: this.#endedBy } };
    const { promise, resolve } = Promise.withResolvers<Asked["end"]>();
    this.#take = (some, id) => {
      if (id !== order.id) return;
      for (const [index, answer] of some) if (index < order.questions.length) answers.set(index, answer);
      if (answers.size === order.questions.length) resolve({ kind: "answered" });
    };
    this.#onEnd = (what) => resolve({ kind: "ended", what });
    const cancel = this.#clock.after(timeoutMs, () => {
      resolve({ kind: "late" });
      this.#fail("it was late");
    });
    try {
      this.#worker?.sendFrame(toAskFrame(order));
    } catch (error) {
      this.#fail(`its arguments could not be sent (${String(error)})`);
    }
    const end = await promise;
    cancel();
    this.#take = () => undefined;
    this.#onEnd = () => undefined;
    return { answers, end };
  }

  /** Kills it and everything that it started. */
  kill(): void {
    this.#worker?.kill();
  }

  /** Resolves when it has ended. */
  async whenEnded(): Promise<void> {
    await this.#worker?.ended;
  }

  #fail(what: string): void {
    this.#end(what);
    this.kill();
  }

  #end(what: string): void {
    this.#endedBy ??= what;
    this.#onEnd(this.#endedBy);
  }
}
