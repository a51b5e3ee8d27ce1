// Works on values: small ones here, large ones on a thread, so that scheduling is not held up by them.

import { Worker } from "node:worker_threads";
import { workOnValue, type ValueAnswer, type ValueOrder } from "./value-work.ts";

/** Above this many bytes the work would block scheduling for milliseconds. */
const OFF_THREAD_BYTES = 128 * 1024;

/** How long the thread stays without work, in milliseconds. */
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
        // In memory of its own, which moves to the thread without being copied a second time. Not by slice():
        // of a Buffer, which workers' results are, that is the same memory, and moving it empties the result.
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
    const thread = new Worker(new URL(`./value-thread${import.meta.url.slice(-3)}`, import.meta.url));
    // A thread that ended is replaced; the work that it had is refused.
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
