// A command that goes on: what it has said so far, and its end.

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

/** A started `memodag` command. */
export class RunningCommand {
  readonly #child: ChildProcess;
  #stderr = "";
  #stdout = "";

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stderr?.on("data", (chunk: Buffer) => {
      this.#stderr += chunk.toString();
    });
    child.stdout?.on("data", (chunk: Buffer) => {
      this.#stdout += chunk.toString();
    });
  }

  /** Of its process. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** All that it wrote to stderr so far. */
  get stderr(): string {
    return this.#stderr;
  }

  /** All that it wrote to stdout so far. */
  get stdout(): string {
    return this.#stdout;
  }

  /** Resolves when stderr has the words, `times` times in all; rejects when the command ends before. */
  async says(words: string, times = 1): Promise<void> {
    const { stderr } = this.#child;
    const hasSaid = (): boolean => this.#stderr.split(words).length > times;
    while (!hasSaid()) {
      if (stderr === null || stderr.closed) {
        throw new Error(`ended without saying "${words}":\n${this.#stderr}`);
      }
      const abort = new AbortController();
      const { signal } = abort;
      await Promise.race([once(stderr, "data", { signal }), once(stderr, "close", { signal })]);
      abort.abort();
    }
  }

  /** Sends a signal, if it still runs, and resolves with its exit code; `null` when the signal ended it. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    this.#child.kill(signal);
    return await this.ended();
  }

  /** Sends a signal to it and to all that it has in its process group, as a terminal does at Ctrl-C. */
  signalGroup(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid !== undefined) process.kill(-pid, signal);
  }

  /** Resolves with its exit code when it has ended by itself. */
  async ended(): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, "close");
    return this.#child.exitCode;
  }
}
