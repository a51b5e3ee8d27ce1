// What a process holds: its heap without garbage, and its open files.

import { existsSync, readdirSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** The size of a process. */
export interface ProcessSize {
  readonly heapBytes: number;
  /** 0 where the system does not say. */
  readonly descriptors: number;
}

/** Measures this process. */
export async function measureProcess(): Promise<ProcessSize> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  // What a finalizer lets go of is garbage only then.
  for (let round = 0; round < 3; round += 1) {
    collect();
    await nextTurn();
  }
  const descriptors = existsSync("/proc/self/fd") ? readdirSync("/proc/self/fd").length : 0;
  return { heapBytes: process.memoryUsage().heapUsed, descriptors };
}
