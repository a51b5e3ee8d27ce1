// Whether values that a worker claims to be canonical JSON are: what follows of them relies on it.

import { Worker } from "node:worker_threads";
import { isCanonicalJson } from "./canonical-json-check.ts";

/** Values of more bytes than this, in all, are looked at on a thread: some 20 ms of this one's time. */
const THREAD_FROM_BYTES = 1_048_576;

/** The built file runs, also when this module is read from its source. */
const THREAD = new URL("../dist/canonical-json-thread.js", import.meta.url);

/** True when all are. */
export async function areCanonicalJson(values: readonly Uint8Array[]): Promise<boolean> {
  const size = values.reduce((sum, { length }) => sum + length, 0);
  if (size <= THREAD_FROM_BYTES) return values.every(isCanonicalJson);
  // In memory of their own, which moves to the thread: what they are parts of would be copied as well.
  const copies = values.map((bytes) => new Uint8Array(bytes));
  const transferList = copies.map(({ buffer }) => buffer);
  const thread = new Worker(THREAD, { workerData: copies, transferList });
  try {
    return await new Promise<boolean>((resolve, reject) => {
      thread.once("message", resolve);
      thread.once("error", reject);
    });
  } catch {
    // A value that is too much for a thread's memory is none that could be used.
    return false;
  } finally {
    void thread.terminate();
  }
}
