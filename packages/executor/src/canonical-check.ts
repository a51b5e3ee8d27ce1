// Verifies that values from a worker are canonical JSON, which all further processing relies on.

import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { isCanonicalJson } from "./canonical-json-check.ts";

/** Values with more bytes in total are verified on a thread; this many take about 20 ms. */
const THREAD_FROM_BYTES = 1_048_576;

/** The built file runs, even if this module is loaded from source. */
const EXTENSION = extname(import.meta.url).replace("ts", "js");
const THREAD = new URL(`../dist/canonical-json-thread${EXTENSION}`, import.meta.url);

/** True if all values are canonical JSON. */
export async function areCanonicalJson(values: readonly Uint8Array[]): Promise<boolean> {
  const size = values.reduce((sum, { length }) => sum + length, 0);
  if (size <= THREAD_FROM_BYTES) return values.every(isCanonicalJson);
  // Copied into separate memory, which is transferred to the thread; otherwise the whole buffer would be
  // cloned.
  const copies = values.map((bytes) => new Uint8Array(bytes));
  const transferList = copies.map(({ buffer }) => buffer);
  const thread = new Worker(THREAD, { workerData: copies, transferList });
  try {
    return await new Promise<boolean>((resolve, reject) => {
      thread.once("message", resolve);
      thread.once("error", reject);
    });
  } catch {
    // A value that exceeds the thread's memory could not be used anyway.
    return false;
  } finally {
    void thread.terminate();
  }
}
