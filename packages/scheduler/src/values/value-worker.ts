// Runs operations on values: small ones in this thread, large ones in a worker thread, so that they do not
// block scheduling.

import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { workOnValue, type ValueAnswer, type ValueOrder } from "./value-work.ts";

/** Above this many bytes, an operation would block scheduling for milliseconds. */
const OFF_THREAD_BYTES = 128 * 1024;

/** How long an idle thread is kept, in milliseconds. */
const IDLE_MS = 10_000;

/** Runs {@link workOnValue}; one large value at a time. */
export class ValueWorker {
  #thread: Worker | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #idle: NodeJS.Timeout | undefined;

  async work(order: ValueOrder): Promise<ValueAnswer> {
    if (order.bytes.length <= OFF_THREAD_BYTES) return workOnValue(order);
    const answer = this.#last.then(() => this.#workOnThread(order));
    this.#last = answer.catch(() => undefined);
    return await answer;
  }

  async #workOnThread(order: ValueOrder): Promise<ValueAnswer> {
    clearTimeout(this.#idle);
    const thread = (this.#thread ??= this.#start());
    thread.ref();
    try {
      return await new Promise<ValueAnswer>((resolve, reject) => {
        thread.once("message", resolve);
        thread.once("error", reject);
        // Copied into memory of its own, which is then transferred to the thread. Not with slice(): on a
        // Buffer, such as a worker's result, it shares the memory, and the transfer would empty the result.
        const bytes = new Uint8Array(order.bytes);
        thread.postMessage({ ...order, bytes }, [bytes.buffer as ArrayBuffer]);
      });
    } finally {
      thread.removeAllListeners("message");
      thread.removeAllListeners("error");
      thread.unref();
      this.#idle = setTimeout(() => this.#stop(), IDLE_MS).unref();
    }
  }

  #start(): Worker {
    const thread = new Worker(new URL(`./value-thread${extname(import.meta.url)}`, import.meta.url));
    // A thread that exited is replaced; its pending operations are rejected.
    thread.once("exit", () => {
      if (this.#thread === thread) this.#thread = undefined;
    });
    return thread;
  }

  #stop(): void {
    void this.#thread?.terminate();
    this.#thread = undefined;
  }
}
